// Responses, and the factory that makes them after a request was released.
//
//   NESO_ASSIGN_OR_RETURN(Response response, Response::New(request));
//   NESO_ASSIGN_OR_RETURN(std::byte* to, response.AddOutput("OUTPUT0", input.datatype, input.shape, input.byte_size));
//   ...write to `to`...
//   NESO_RETURN_IF_ERROR(response.Send());
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "neso/backend/datatype.h"
#include "neso/backend/lend.h"
#include "neso/backend/log.h"
#include "neso/backend/memory.h"
#include "neso/backend/request.h"
#include "neso/backend/status.h"
#include "triton/core/tritonbackend.h"

namespace neso::backend {

// Makes responses to a request also after its release, from any thread: for decoupled models. Destroying it ends the
// answer if no final response was sent.
class ResponseFactory {
 public:
  static Result<ResponseFactory> New(Request& request) {
    TRITONBACKEND_ResponseFactory* handle = nullptr;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_ResponseFactoryNew(&handle, request.handle()));
    request.set_answered();
    return ResponseFactory(handle);
  }
  ResponseFactory(ResponseFactory&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  ResponseFactory& operator=(ResponseFactory&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~ResponseFactory() {
    if (handle_ != nullptr) {
      NESO_LOG_IF_ERROR(TRITONBACKEND_ResponseFactoryDelete(handle_), "cannot delete a response factory");
    }
  }

  TRITONBACKEND_ResponseFactory* handle() const { return handle_; }
  bool IsCancelled() const {
    bool cancelled = false;
    (void)Status(TRITONBACKEND_ResponseFactoryIsCancelled(handle_, &cancelled));
    return cancelled;
  }
  // Ends the answer without a further response.
  Status SendFinal() { return TRITONBACKEND_ResponseFactorySendFlags(handle_, TRITONSERVER_RESPONSE_COMPLETE_FINAL); }

 private:
  explicit ResponseFactory(TRITONBACKEND_ResponseFactory* handle) : handle_(handle) {}
  TRITONBACKEND_ResponseFactory* handle_;
};

// Where an output goes.
struct OutputMemory {
  std::byte* data = nullptr;
  Place place;
};

// All outputs of one response are added before those of the next. A response made from a request is sent before the
// request is released. A response destroyed before it was sent is sent with an error, as the final one.
class Response {
 public:
  static Result<Response> New(Request& request) {
    TRITONBACKEND_Response* handle = nullptr;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_ResponseNew(&handle, request.handle()));
    request.set_answered();
    return Response(handle, &request);
  }
  static Result<Response> New(const ResponseFactory& factory) {
    TRITONBACKEND_Response* handle = nullptr;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_ResponseNewFromFactory(&handle, factory.handle()));
    return Response(handle, nullptr);
  }
  Response(Response&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)),
        request_(std::exchange(other.request_, nullptr)),
        detours_(std::move(other.detours_)) {}
  Response& operator=(Response&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(request_, other.request_);
    std::swap(detours_, other.detours_);
    return *this;
  }
  ~Response() {
    if (handle_ != nullptr) (void)SendError(Status::Internal("the backend did not send this response"));
  }

  TRITONBACKEND_Response* handle() const { return handle_; }

  // Memory of `byte_size` bytes for an output, to be filled before Send(); nullptr may come for 0 bytes. It is the
  // host's: if the client wants the output on a GPU, Send() copies it there.
  // UNSUPPORTED if the server does not copy to GPUs.
  Result<std::byte*> AddOutput(const char* name, DataType datatype, std::span<const int64_t> shape,
                               uint64_t byte_size) {
    NESO_ASSIGN_OR_RETURN(TRITONBACKEND_Output* const output, NewOutput(name, datatype, shape));
    return BufferOf(output, name, byte_size);
  }

  // As AddOutput for a backend that can write on a GPU: memory where the client wants it, else in `preferred`, else
  // the host's.
  Result<OutputMemory> AddOutputAnywhere(const char* name, DataType datatype, std::span<const int64_t> shape,
                                         uint64_t byte_size, Place preferred) {
    NESO_ASSIGN_OR_RETURN(TRITONBACKEND_Output* const output, NewOutput(name, datatype, shape));
    return MemoryOf(output, byte_size, preferred);
  }

  // As AddOutput for bytes that are there already: nullptr if the server sends them from where they lie, and calls
  // `give_back(owner)` when they have left, once, on any thread. Otherwise memory to copy them to; then it calls
  // nothing. `byte_size` is not 0.
  Result<std::byte*> LendOutput(const char* name, DataType datatype, std::span<const int64_t> shape,
                                const std::byte* bytes, uint64_t byte_size, void (*give_back)(void* owner),
                                void* owner) {
    NESO_ASSIGN_OR_RETURN(TRITONBACKEND_Output* const output, NewOutput(name, datatype, shape));
    bool taken = false;
    if (NESOBACKEND_OutputLend != nullptr) {
      NESO_RETURN_IF_ERROR(NESOBACKEND_OutputLend(output, bytes, byte_size, give_back, owner, &taken));
    }
    if (taken) return static_cast<std::byte*>(nullptr);
    return BufferOf(output, name, byte_size);
  }

  Status SetParameter(const char* name, const char* value) {
    return TRITONBACKEND_ResponseSetStringParameter(handle_, name, value);
  }
  Status SetParameter(const char* name, int64_t value) {
    return TRITONBACKEND_ResponseSetIntParameter(handle_, name, value);
  }
  Status SetParameter(const char* name, bool value) {
    return TRITONBACKEND_ResponseSetBoolParameter(handle_, name, value);
  }
  Status SetParameter(const char* name, double value) {
    return TRITONBACKEND_ResponseSetDoubleParameter(handle_, name, value);
  }

  // Sends it; `final` says that it is the last (for models that are not decoupled: the only) one.
  Status Send(bool final = true) { return SendWith(nullptr, final); }
  // Sends it as a failure with a copy of `error`; its outputs are dropped.
  Status SendError(const Status& error, bool final = true) {
    if (request_ != nullptr) request_->set_failed();
    return SendWith(error.get(), final);
  }

 private:
  Response(TRITONBACKEND_Response* handle, Request* request) : handle_(handle), request_(request) {}

  Result<TRITONBACKEND_Output*> NewOutput(const char* name, DataType datatype, std::span<const int64_t> shape) {
    TRITONBACKEND_Output* output = nullptr;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_ResponseOutput(handle_, &output, name, datatype, shape.data(),
                                                      static_cast<uint32_t>(shape.size())));
    return output;
  }

  static Result<OutputMemory> MemoryOf(TRITONBACKEND_Output* output, uint64_t byte_size, Place place) {
    void* buffer = nullptr;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_OutputBuffer(output, &buffer, byte_size, &place.type, &place.id));
    return OutputMemory{.data = static_cast<std::byte*>(buffer), .place = place};
  }

  Result<std::byte*> BufferOf(TRITONBACKEND_Output* output, const char* name, uint64_t byte_size) {
    NESO_ASSIGN_OR_RETURN(const OutputMemory memory, MemoryOf(output, byte_size, Place::Cpu()));
    if (!memory.place.on_gpu()) return memory.data;
    if (NESOBACKEND_MemoryCopy == nullptr) {
      return Status::Unsupported("output '", name, "': expected CPU memory, got memory of GPU ", memory.place.id);
    }
    Detour& detour = detours_.emplace_back();
    detour.bytes = std::make_unique_for_overwrite<std::byte[]>(byte_size);
    detour.byte_size = byte_size;
    detour.target = memory;
    return detour.bytes.get();
  }

  // The error of the first that could not be copied.
  Status TakeDetours() {
    Status failure;
    for (const Detour& detour : detours_) {
      if (!failure.ok()) break;
      failure = CopyMemory(detour.target.data, detour.target.place, detour.bytes.get(), Place::Cpu(), detour.byte_size);
    }
    detours_.clear();
    return failure;
  }

  Status SendWith(TRITONSERVER_Error* error, bool final) {
    Status copied;
    if (error == nullptr && !detours_.empty()) copied = TakeDetours();
    if (!copied.ok() && request_ != nullptr) request_->set_failed();
    if (!copied.ok()) error = copied.get();
    return TRITONBACKEND_ResponseSend(std::exchange(handle_, nullptr),
                                      final ? uint32_t{TRITONSERVER_RESPONSE_COMPLETE_FINAL} : 0u, error);
  }

  // An output on its way to a GPU.
  struct Detour {
    std::unique_ptr<std::byte[]> bytes;
    size_t byte_size = 0;
    OutputMemory target;
  };

  TRITONBACKEND_Response* handle_;
  Request* request_;  // told of failures; nullptr if the response comes from a factory
  std::vector<Detour> detours_;
};

}  // namespace neso::backend
