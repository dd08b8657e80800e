// Cuts the outputs of a batch into the responses of its requests.
//
//   OutputResponder responder(execution);
//   responder.Add("SCORES", TRITONSERVER_TYPE_FP32, shape, data, byte_size);   // of the whole batch
//   responder.Send();                                                          // one response for each request
//
// Add() only remembers where an output lies; Send() writes each response as a whole, as the C interface wants it, with
// one copy from the framework's memory to the client's. Outputs that a client did not ask for are left out; an output
// that is a state of a sequence model updates that state.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "neso/backend/execution.h"
#include "neso/backend/memory.h"
#include "neso/backend/response.h"
#include "neso/backend/strings.h"

namespace neso::backend {

// Confined to one execution. Memory handed to Add() stays valid until Send() returns. If neither Send() nor Fail() is
// called, the execution answers with errors.
class OutputResponder {
 public:
  explicit OutputResponder(const Execution& execution) : execution_(execution) {}

  // An output of shape [batch, dims...] (as it is if the model does not batch), in row-major order. BYTES are
  // serialized as strings.h says.
  // Where it lies on a GPU it is copied from there, when the responses are sent; BYTES cannot lie there.
  void Add(std::string_view name, DataType datatype, std::span<const int64_t> shape, const void* data, size_t byte_size,
           Place place = Place::Cpu()) {
    outputs_.push_back({.name = std::string(name),
                        .datatype = datatype,
                        .shape = {shape.begin(), shape.end()},
                        .bytes = {static_cast<const std::byte*>(data), byte_size},
                        .place = place,
                        .is_each_ones = false,
                        .owned = {}});
  }

  // An output that has no batch dimension though the model batches: each response gets all of it.
  void AddToEach(std::string_view name, DataType datatype, std::span<const int64_t> shape, const void* data,
                 size_t byte_size) {
    Add(name, datatype, shape, data, byte_size);
    outputs_.back().is_each_ones = true;
  }

  // An output of strings, which are copied here.
  void AddStrings(std::string_view name, std::span<const int64_t> shape, std::span<const std::string_view> strings) {
    std::vector<std::byte> serialized(SerializedSize(strings));
    WriteStrings(strings, serialized.data());
    outputs_.push_back({.name = std::string(name),
                        .datatype = TRITONSERVER_TYPE_BYTES,
                        .shape = {shape.begin(), shape.end()},
                        .bytes = serialized,
                        .place = Place::Cpu(),
                        .is_each_ones = false,
                        .owned = {}});
    outputs_.back().owned = std::move(serialized);  // moving keeps the bytes where they are
  }

  // Sends a response to each request that has none yet. Outputs that do not fit the batch turn into errors.
  void Send() {
    std::vector<Cursor> cursors(outputs_.size());
    for (Request& request : execution_.requests()) {
      if (request.handle() == nullptr || request.answered()) {
        Skip(request, cursors);
        continue;
      }
      Status sent = Respond(request, cursors);
      if (!sent.ok()) request.Fail(sent);
    }
  }

 private:
  struct Output {
    std::string name;
    DataType datatype;
    std::vector<int64_t> shape;
    std::span<const std::byte> bytes;
    Place place;
    bool is_each_ones;  // every request's as a whole
    std::vector<std::byte> owned;
  };
  // How much of an output earlier requests took.
  struct Cursor {
    size_t offset = 0;
    int64_t rows = 0;
    bool broken = false;  // its place is lost: requests after it cannot be answered
  };
  struct Slice {
    std::vector<int64_t> shape;
    std::span<const std::byte> bytes;
  };

  // The part of `output` that belongs to `request`, and moves the cursor behind it.
  Result<Slice> Take(const Request& request, const Output& output, Cursor& cursor) const {
    if (cursor.broken) return Status::Internal("output '", output.name, "': an earlier part could not be read");
    Result<Slice> slice = TakeUnchecked(request, output, cursor);
    cursor.broken = !slice.ok();
    return slice;
  }

  Result<Slice> TakeUnchecked(const Request& request, const Output& output, Cursor& cursor) const {
    const ModelConfig& config = execution_.config();
    if (!config.batches() || output.is_each_ones) return Slice{output.shape, output.bytes};
    Slice slice;
    if (const BatchOutputConfig* batch_output = config.FindBatchOutput(output.name)) {
      if (request.handle() == nullptr) return Status::Internal("the request's shapes are gone");
      NESO_ASSIGN_OR_RETURN(const Input source, request.input(batch_output->source.c_str()));
      slice.shape.assign(source.shape.begin(), source.shape.end());
    } else {
      slice.shape = output.shape;
      if (slice.shape.empty()) {
        return Status::Internal("output '", output.name, "': expected a batch dimension, got a scalar");
      }
      slice.shape[0] = request.batch_size();
      cursor.rows += request.batch_size();
      if (cursor.rows > output.shape[0]) {
        return Status::Internal("output '", output.name, "': expected a batch of ", execution_.batch_size(), ", got ",
                                output.shape[0]);
      }
    }
    const auto elements = static_cast<size_t>(ElementCount(slice.shape));
    const std::span<const std::byte> rest = output.bytes.subspan(cursor.offset);
    size_t size = elements * ByteSize(output.datatype);
    if (output.datatype == TRITONSERVER_TYPE_BYTES) {
      NESO_ASSIGN_OR_RETURN(size, SkipStrings(rest, elements));
    }
    if (size > rest.size()) {
      return Status::Internal("output '", output.name, "': expected at least ", cursor.offset + size, " bytes, got ",
                              output.bytes.size());
    }
    slice.bytes = rest.first(size);
    cursor.offset += size;
    return slice;
  }

  Status Respond(Request& request, std::vector<Cursor>& cursors) const {
    // Cut first: once a response has begun, its error ends it, and the cursors must move in any case.
    std::vector<Slice> slices(outputs_.size());
    Status failure;
    for (size_t i = 0; i < outputs_.size(); ++i) {
      Result<Slice> slice = Take(request, outputs_[i], cursors[i]);
      if (slice) {
        slices[i] = std::move(*slice);
      } else if (failure.ok()) {
        failure = slice.TakeStatus();
      }
    }
    if (!failure.ok()) return failure;

    NESO_ASSIGN_OR_RETURN(Response response, Response::New(request));
    // A client that asks for as many outputs as there are asks for all of them.
    const bool all = request.requested_output_count() >= execution_.config().outputs.size();
    for (size_t i = 0; i < outputs_.size(); ++i) {
      Status written = Write(request, response, outputs_[i], slices[i], all);
      if (!written.ok()) return response.SendError(written);
    }
    return response.Send();
  }

  Status Write(Request& request, Response& response, const Output& output, const Slice& slice, bool all) const {
    const bool is_state = IsState(output.name);
    if (is_state) NESO_RETURN_IF_ERROR(UpdateState(request, output, slice));
    // A state that is no output of the model is not sent.
    if (is_state && execution_.config().FindOutput(output.name) == nullptr) return {};
    if (!all && !request.Wants(output.name)) return {};
    if (output.place.on_gpu()) return WriteFromGpu(response, output, slice);
    NESO_ASSIGN_OR_RETURN(std::byte* const to,
                          response.AddOutput(output.name.c_str(), output.datatype, slice.shape, slice.bytes.size()));
    if (!slice.bytes.empty()) std::memcpy(to, slice.bytes.data(), slice.bytes.size());
    return {};
  }

  static Status WriteFromGpu(Response& response, const Output& output, const Slice& slice) {
    NESO_ASSIGN_OR_RETURN(const OutputMemory to,
                          response.AddOutputAnywhere(output.name.c_str(), output.datatype, slice.shape,
                                                     slice.bytes.size(), output.place));
    return CopyMemory(to.data, to.place, slice.bytes.data(), output.place, slice.bytes.size());
  }

  static Status UpdateState(const Request& request, const Output& output, const Slice& slice) {
    TRITONBACKEND_State* state = nullptr;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_StateNew(&state, request.handle(), output.name.c_str(), output.datatype,
                                                slice.shape.data(), static_cast<uint32_t>(slice.shape.size())));
    void* buffer = nullptr;
    Place place = output.place;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_StateBuffer(state, &buffer, slice.bytes.size(), &place.type, &place.id));
    NESO_RETURN_IF_ERROR(CopyMemory(buffer, place, slice.bytes.data(), output.place, slice.bytes.size()));
    return TRITONBACKEND_StateUpdate(state);
  }

  // Moves the cursors past a request that was answered before.
  void Skip(const Request& request, std::vector<Cursor>& cursors) const {
    for (size_t i = 0; i < outputs_.size(); ++i) (void)Take(request, outputs_[i], cursors[i]);
  }

  bool IsState(std::string_view name) const {
    return std::ranges::any_of(execution_.config().states,
                               [&](const StateConfig& state) { return state.output_name == name; });
  }

  const Execution& execution_;
  std::vector<Output> outputs_;
};

}  // namespace neso::backend
