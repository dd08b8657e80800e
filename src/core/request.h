// One inference request, from the front end (or the C ABI) through a scheduler to a backend and back.
//
//   std::unique_ptr<InferenceRequest> request = InferenceRequest::Create(model, requested_version);
//   request->AddInput("INPUT0", DataType::kFp32, {1, 16});
//   request->AppendInputData("INPUT0", {base, size});
//   request->SetResponseCallback(&allocator, allocator_userp, OnResponse, userp);
//   request->SetReleaseCallback(OnRelease, userp);       // gives the object back; it may be reused
//   if (Status s = InferenceRequest::Submit(request, trace); !s.ok()) ...   // on error `request` is still ours
//
// States: filled by its owner -> Submit (validated, normalised) -> owned by scheduler and backend -> Release -> owner.
// Confined to its owner in each state; Cancel and IsCancelled are thread-safe while somebody holds the request.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/name_index.h"
#include "base/status.h"
#include "core/model_handle.h"
#include "core/response_allocator.h"
#include "core/types.h"

namespace neso {

class ComputeTotals;
class InferenceTrace;
struct TraceKey;
class ModelInstance;
class ResponseFactory;
class SequenceStates;

// One piece of an input's data; a view, the owner keeps the memory until release.
struct InputBuffer {
  const void* base = nullptr;
  BufferAttributes attributes;
};

// TRITONBACKEND_Input.
class Input final : public TRITONBACKEND_Input {
 public:
  const std::string& name() const { return name_; }
  DataType datatype() const { return datatype_; }
  // As the requester gave it, batch dimension included.
  const Shape& original_shape() const { return original_shape_; }
  // As the backend sees it: reshaped as the configuration says, batch dimension included. Valid after Submit.
  const Shape& shape() const { return shape_; }
  std::span<const InputBuffer> buffers() const { return {buffers_.data(), buffers_.size()}; }
  // Those meant for a host policy, or the ones above if there are none.
  std::span<const InputBuffer> buffers(std::string_view host_policy) const {
    for (const HostPolicyBuffers& own : host_policy_buffers_) {
      if (own.policy == host_policy) return {own.buffers.data(), own.buffers.size()};
    }
    return buffers();
  }
  bool has_host_policy_buffers() const { return !host_policy_buffers_.empty(); }
  // Sum over buffers.
  size_t byte_size() const { return byte_size_; }
  bool is_raw() const { return raw_; }

 private:
  friend class InferenceRequest;
  friend class RequestValidator;
  void Reset(std::string_view name, DataType datatype, std::span<const int64_t> shape);
  // What messages call it: the requester's name, also when the model's is known by now.
  const std::string& given_name() const { return raw_ ? raw_name_ : name_; }
  std::string name_;
  std::string raw_name_;
  DataType datatype_ = DataType::kInvalid;
  bool raw_ = false;  // AddRawInput: datatype and shape are deduced from the model at Submit
  Shape original_shape_;
  Shape shape_;
  std::vector<InputBuffer> buffers_;
  struct HostPolicyBuffers {
    std::string policy;
    std::vector<InputBuffer> buffers;
  };
  std::vector<HostPolicyBuffers> host_policy_buffers_;  // rarely used
  size_t byte_size_ = 0;
};

class InferenceRequest final : public TRITONSERVER_InferenceRequest, public TRITONBACKEND_Request {
 public:
  // From a pool; goes back to it when deleted, so that a steady stream of requests allocates nothing.
  static std::unique_ptr<InferenceRequest> Create(ModelHandle model, int64_t requested_version);
  ~InferenceRequest();
  static void operator delete(InferenceRequest* request, std::destroying_delete_t);
  // Stands in a batch for a row that nobody asked for: the inputs are as those of `like` and read from `zeros`, which
  // has room for the NullByteSize of the largest of them. What is answered is dropped, and nothing of it is counted.
  static std::unique_ptr<InferenceRequest> CreateNull(const InferenceRequest& like,
                                                      std::shared_ptr<const std::vector<std::byte>> zeros);
  static size_t NullByteSize(const Input& input);

  // --- what the requester sets -------------------------------------------------------------------------------------
  void SetId(std::string_view id) { id_ = id; }
  void SetFlags(uint32_t flags) { flags_ = flags; }
  void SetCorrelationId(CorrelationId id) { correlation_id_ = std::move(id); }
  void SetPriority(uint64_t priority) { priority_ = priority; }
  void SetTimeoutMicroseconds(uint64_t timeout) { timeout_us_ = timeout; }
  void AddParameter(std::string_view name, ParameterValue value);
  // Errors: kInvalidArg "[request id: <id>] input 'n' already exists in request".
  Status AddInput(std::string_view name, DataType datatype, std::span<const int64_t> shape);
  // The single input of the model, whose datatype and shape Submit deduces. Error: kInvalidArg if any input is there.
  Status AddRawInput(std::string_view name);
  Status RemoveInput(std::string_view name);
  void RemoveAllInputs();
  // Errors: kInvalidArg "input 'n' does not exist in request".
  Status AppendInputData(std::string_view name, const void* base, const BufferAttributes& attributes,
                         std::string_view host_policy = {});
  Status RemoveAllInputData(std::string_view name);
  // Error: kInvalidArg "[request id: <id>] output 'n' already exists in request".
  Status AddRequestedOutput(std::string_view name);
  void RemoveRequestedOutput(std::string_view name);
  void RemoveAllRequestedOutputs();
  void SetReleaseCallback(TRITONSERVER_InferenceRequestReleaseFn_t fn, void* userp);
  void SetResponseCallback(const ResponseAllocator* allocator, void* allocator_userp,
                           TRITONSERVER_InferenceResponseCompleteFn_t fn, void* userp);
  // Executions of this request count there too: it is a part of another one, which waits for its release.
  void SetComputeTotals(ComputeTotals* totals) { compute_totals_ = totals; }
  // Back to the state after Create, for the same pool slot and another model; capacities are kept.
  void Reset(ModelHandle model, int64_t requested_version);

  // --- what everybody reads ----------------------------------------------------------------------------------------
  const ModelHandle& model() const { return model_; }
  int64_t requested_version() const { return requested_version_; }
  const std::string& id() const { return id_; }
  // "[request id: <id or <id_unknown>>] ", the beginning of validation messages.
  std::string LogPrefix() const;
  uint32_t flags() const { return flags_; }
  const CorrelationId& correlation_id() const { return correlation_id_; }
  uint64_t priority() const { return priority_; }
  uint64_t timeout_us() const { return timeout_us_; }
  // Rows this request adds to a batch; at least 1. Valid after Submit.
  uint32_t batch_size() const { return batch_size_; }
  std::span<const NamedParameter> parameters() const { return parameters_; }
  std::span<const Input> inputs() const { return {inputs_.data(), input_count_}; }
  std::span<Input> inputs() { return {inputs_.data(), input_count_}; }
  // Those that its sender gave, without the injected ones.
  std::span<const Input> own_inputs() const { return inputs().first(input_count_ - injected_count_); }
  const Input* FindInput(std::string_view name) const;
  Input* FindInput(std::string_view name);
  std::span<const InputBuffer> BuffersForHostPolicy(const Input& input, std::string_view policy) const;
  // What to produce: the requested outputs, or all of the model's when none was named. Valid after Submit.
  std::span<const std::string> outputs() const;
  InferenceTrace* trace() const { return trace_.get(); }
  const TraceKey* trace_key() const;                                 // null: it is not traced
  ComputeTotals* compute_totals() const { return compute_totals_; }  // null: it is nobody's part
  // Shows every input to a trace that wants tensors.
  void TraceInputs(TRITONSERVER_InferenceTraceActivity activity) const;
  // Constant from Create (or SetResponseCallback after a release) until Release.
  ResponseFactory& response_factory() const { return *factory_; }
  const std::shared_ptr<ResponseFactory>& shared_response_factory() const { return factory_; }

  void Cancel();
  bool IsCancelled() const;

  // --- life ---------------------------------------------------------------------------------------------------------
  // Validates (http.md 4.5 texts, all INVALID_ARG), normalises and hands the request to its model's scheduler, with
  // `trace` (may be null; taken in any case). On success `request` is null and every outcome arrives through the
  // callbacks; on error it is untouched and no callback was or will be called. Errors, before anything else: kInvalidArg
  // for one that is in flight, whose owner keeps it, and for one without callbacks.
  static Status Submit(std::unique_ptr<InferenceRequest>& request, InferenceTrace* trace = nullptr);

  // From its submission until just before its release callback: nobody but the server may use it, except to cancel it.
  bool in_flight() const { return in_flight_.load(std::memory_order_acquire); }

  // Answers with `error` through the response callback (FINAL) and releases; counts a failure under `reason`. One that
  // has been answered in full is only released.
  enum class FailureReason : uint8_t { kRejected, kCanceled, kBackend, kOther };
  static void RespondAndRelease(std::unique_ptr<InferenceRequest> request, const Status& error, FailureReason reason);

  // The backend or scheduler is done with it: runs internal hooks (newest first; a hook may take the request back by
  // leaving its argument null: rescheduling), then the release callback, which gets ownership.
  static void Release(std::unique_ptr<InferenceRequest> request, uint32_t flags);
  using ReleaseHook = std::function<void(std::unique_ptr<InferenceRequest>& request, uint32_t flags)>;
  void AddReleaseHook(ReleaseHook hook) { release_hooks_.push_back(std::move(hook)); }

  // Times, steady ns: when Submit began, when it was queued. For statistics and traces.
  uint64_t start_ns() const { return start_ns_; }
  uint64_t queue_start_ns() const { return queue_start_ns_; }
  // The request enters a queue; its trace hears of it, and of its inputs.
  void CaptureQueueStart();
  // The request leaves the queue: it is not pending any more. Release does the same for one that never executed.
  void MarkExecuting();

  bool is_null() const { return is_null_; }

  // An input that the scheduler adds for the backend: a sequence's control or state. Validation and the requester never
  // see it: it goes when the request is released. `data` is borrowed until then.
  void InjectInput(std::string_view name, DataType datatype, std::span<const int64_t> shape,
                   std::span<const std::byte> data);
  void RemoveInjectedInputs();
  // Pending again, after the scheduler has taken it back.
  void MarkPending();

  // Scheduler's own data, e.g. its place in a queue. Owned by the scheduler.
  void* scheduler_data = nullptr;
  // Of the sequence the request belongs to, while a backend has it; null: the model has no states.
  SequenceStates* sequence_states = nullptr;

 private:
  InferenceRequest() = default;
  friend class RequestValidator;  // core/validate_request.h
  void Clear();
  void RenewFactory();
  Status Depart();
  Status Refuse(Status error);
  void Arm();
  void EndTrace();
  Input& NewInput(std::string_view name, DataType datatype, std::span<const int64_t> shape);

  ModelHandle model_;
  int64_t requested_version_ = -1;
  std::string id_;
  uint32_t flags_ = 0;
  CorrelationId correlation_id_;
  uint64_t priority_ = 0;
  uint64_t timeout_us_ = 0;
  uint32_t batch_size_ = 1;
  std::vector<NamedParameter> parameters_;
  std::vector<Input>
      inputs_;  // the first input_count_ are in use; the others keep their capacities for the next request
  size_t input_count_ = 0;
  size_t injected_count_ = 0;  // the last so many of them
  NameIndex input_index_;
  std::vector<std::string> requested_outputs_;
  NameIndex requested_output_index_;
  TRITONSERVER_InferenceRequestReleaseFn_t release_fn_ = nullptr;
  void* release_userp_ = nullptr;
  const ResponseAllocator* allocator_ = nullptr;
  void* allocator_userp_ = nullptr;
  TRITONSERVER_InferenceResponseCompleteFn_t response_fn_ = nullptr;
  void* response_userp_ = nullptr;
  std::shared_ptr<ResponseFactory> factory_;
  std::shared_ptr<InferenceTrace> trace_;
  std::vector<ReleaseHook> release_hooks_;
  ComputeTotals* compute_totals_ = nullptr;
  uint64_t start_ns_ = 0;
  uint64_t queue_start_ns_ = 0;
  std::atomic<bool> in_flight_ = false;
  bool pending_ = false;
  bool is_null_ = false;
  uint32_t raw_length_ = 0;  // what stands before the single element of a raw BYTES input
};

}  // namespace neso
