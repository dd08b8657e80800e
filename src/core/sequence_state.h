// What a sequence carries from one request to the next without its client's doing: the configuration's
// "sequence_batching.state". The model gets each state as an input, and gives it back as an output.
//
//   states.InjectInto(request);                                           // before the backend sees the request
//   ASSIGN_OR_RETURN(SequenceState* state, states.NewOutput("SO", DataType::kFp32, shape));
//   RETURN_IF_ERROR(state->Allocate(byte_size, &base));                   // filled by the backend
//   state->Update();                                                      // the next request's input
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/status.h"
#include "core/request.h"
#include "core/types.h"
#include "device/gpu_memory.h"

namespace neso {

// A state as the model's configuration has it.
struct StateSpec {
  std::string input_name;
  std::string output_name;
  DataType datatype = DataType::kInvalid;
  bool in_place = false;  // the output is where the input is
  // On a GPU it grows where it lies, up to so many bytes of the GPU's addresses; those that are not here have the default.
  bool grows = false;
  static constexpr uint64_t kDefaultGpuAddresses = 1'073'741'824;
  std::map<int, uint64_t> gpu_addresses{};
  Shape initial_shape;  // batch dimension included
  BufferRef initial;    // never written to
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
  // The same on GPU `device_id`, if it has as much, else on the host.
  MemoryPlace AllocateOnGpu(size_t byte_size, int64_t device_id);
  const BufferAttributes& attributes() const { return attributes_; }
  BufferAttributes& attributes() { return attributes_; }
  void Update();

 private:
  struct Value {
    Shape shape;
    BufferRef data;                  // on the host, or null; may have room for more
    std::shared_ptr<GpuMemory> gpu;  // on a GPU, or null; likewise
    size_t byte_size = 0;

    ConstMemoryPlace place() const;
  };
  Status TryAllocateOnGpu(size_t byte_size, int64_t device_id);
  uint64_t GpuAddresses(int64_t device_id) const;
  void BeginInPlace(const MemoryPlace& to) const;
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
