// What a sequence carries from one request to the next without its client's doing: the configuration's
// "sequence_batching.state". The model gets each state as an input, and gives it back as an output.
//
//   states.InjectInto(request);                                           // before the backend sees the request
//   ASSIGN_OR_RETURN(SequenceState* state, states.NewOutput("SO", DataType::kFp32, shape));
//   RETURN_IF_ERROR(state->Allocate(byte_size, &base));                   // filled by the backend
//   state->Update();                                                      // the next request's input
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/status.h"
#include "core/request.h"
#include "core/types.h"

namespace neso {

// A state as the model's configuration has it.
struct StateSpec {
  std::string input_name;
  std::string output_name;
  DataType datatype = DataType::kInvalid;
  bool in_place = false;  // the output is where the input is
  Shape initial_shape;    // batch dimension included
  BufferRef initial;      // never written to
};

// One state of one sequence. TRITONBACKEND_State.
class SequenceState final : public TRITONBACKEND_State {
 public:
  explicit SequenceState(const StateSpec& spec) : spec_(spec) { Reset(); }

  const StateSpec& spec() const { return spec_; }
  const Shape& shape() const { return current_.shape; }

  void Reset();
  void BecomeZeros(const Shape& shape);
  void InjectInto(InferenceRequest& request) const;
  // The output of the current request, with batch dimension.
  void Begin(std::span<const int64_t> shape) { next_.shape.assign(shape.begin(), shape.end()); }
  // Memory for the output; in place it begins with what the input holds. Not null. Throws std::bad_alloc.
  void* Allocate(size_t byte_size);
  const BufferAttributes& attributes() const { return attributes_; }
  BufferAttributes& attributes() { return attributes_; }
  void Update();

 private:
  struct Value {
    Shape shape;
    BufferRef data;  // may have room for more
    size_t byte_size = 0;
  };
  const StateSpec& spec_;
  Value current_;
  Value next_;  // between updates a spare
  BufferAttributes attributes_;
};

// All of them. Thread-compatible: a sequence has one request with a backend at a time.
class SequenceStates {
 public:
  // As they are at the start of a sequence. `specs` is borrowed.
  explicit SequenceStates(std::span<const StateSpec> specs);
  SequenceStates(const SequenceStates&) = delete;
  SequenceStates& operator=(const SequenceStates&) = delete;

  void Reset();
  // What is injected is borrowed until the request's release.
  void InjectInto(InferenceRequest& request) const;
  // For a row without request in a batch with these: zeros of the same shapes.
  std::unique_ptr<SequenceStates> MakeZeros() const;
  // Whether tensors of both can stand in one batch.
  bool HaveShapesOf(const SequenceStates& other) const;
  // `name` is that of the output. Errors: kInvalidArg.
  Expected<SequenceState*> NewOutput(std::string_view name, DataType datatype, std::span<const int64_t> shape);

 private:
  const std::span<const StateSpec> specs_;
  std::vector<SequenceState> states_;
};

}  // namespace neso
