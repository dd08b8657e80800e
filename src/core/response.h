// Responses, and the factory that makes them after their request has been released.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "core/model_handle.h"
#include "core/request.h"
#include "core/response_allocator.h"
#include "core/types.h"

namespace neso {

struct TensorSpec;

class InferenceResponse;

// TRITONBACKEND_Output.
class Output final : public TRITONBACKEND_Output {
 public:
  const std::string& name() const { return name_; }
  DataType datatype() const { return datatype_; }
  // As the requester sees it: the configuration's reshape undone, batch dimension included.
  const Shape& shape() const { return shape_; }
  const void* base() const { return base_; }
  void* buffer_userp() const { return buffer_userp_; }
  BufferAttributes& attributes() { return attributes_; }
  const BufferAttributes& attributes() const { return attributes_; }

  // Asks the requester's allocator for `byte_size` bytes, preferably at `preferred`; `actual` says where it is.
  // Errors: kAlreadyExists when the output has a buffer, or what the allocator says.
  Status AllocateBuffer(void** buffer, size_t byte_size, MemoryType preferred, int64_t preferred_id, MemoryType* actual,
                        int64_t* actual_id);
  // Offers the requester the bytes where they are, in CPU memory. False when it wants a copy: then AllocateBuffer.
  // Errors: kAlreadyExists when the output has a buffer.
  Expected<bool> LendBuffer(const LentMemory& memory);
  // Takes over the buffer of another request's output, which lies where this one's requester wants it: its allocator
  // made it, and gave `userp` with it. Precondition: this output has none.
  void TakeBuffer(Output& from, void* userp);

 private:
  friend class InferenceResponse;
  void ReleaseBuffer();
  InferenceResponse* response_ = nullptr;
  bool has_buffer_ = false;
  std::string name_;
  DataType datatype_ = DataType::kInvalid;
  Shape shape_;
  void* base_ = nullptr;
  void* buffer_userp_ = nullptr;
  BufferAttributes attributes_;
};

// Where somebody may stand in a response's way, in the order in which the response meets them.
enum class ResponseStage : uint8_t {
  kCache,     // keeps what the backend answered, before anything is held back or changed
  kOrder,     // preserve_ordering: holds back what comes before its turn
  kEnsemble,  // takes what one model answered as another's input
};
inline constexpr size_t kResponseStages = 3;

// What remains of a request for answering it: callbacks, allocator, cancellation, order. Thread-safe.
class ResponseFactory final : public TRITONBACKEND_ResponseFactory {
 public:
  // Made by the request, which copies its model, id and callbacks into it at Submit.
  ResponseFactory() = default;
  ResponseFactory(const ResponseFactory&) = delete;
  ResponseFactory& operator=(const ResponseFactory&) = delete;

  std::unique_ptr<InferenceResponse> CreateResponse(const std::shared_ptr<ResponseFactory>& self);
  // A response without content: flags only (TRITONSERVER_RESPONSE_COMPLETE_FINAL ends a decoupled request).
  void SendFlags(uint32_t flags);
  bool IsCancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  // Tells the scheduler, which drops the request if it still waits, and runs the hook; once. Thread-safe, also before
  // Submit. The backend notices by asking.
  void Cancel();
  // For those who passed the request on in another form (an ensemble). Runs outside locks, at once if the request has
  // been cancelled before; must own what it touches.
  void SetCancelHook(std::function<void()> hook);

  // Gets every response (may be null) with its flags on its way from backend to requester, and either keeps it or hands
  // it on with PassOn, now or later. One a stage, set before the backend sees the request.
  using Interceptor = std::function<void(std::unique_ptr<InferenceResponse>, uint32_t flags)>;
  void Intercept(ResponseStage stage, Interceptor interceptor);
  bool IsIntercepted(ResponseStage stage) const { return bool{interceptors_[static_cast<size_t>(stage)]}; }
  // From who stands at `stage` to the next one behind it, at last to the requester's callback. `response` may be null.
  void PassOn(ResponseStage stage, std::unique_ptr<InferenceResponse> response, uint32_t flags);
  // Whether TRITONSERVER_RESPONSE_COMPLETE_FINAL has been sent by the backend.
  bool IsFinalSent() const { return final_sent_.load(std::memory_order_acquire); }
  // Counts those who may still answer on the backend's side: the request itself, handed-out factories, unsent
  // responses. When the last one goes without the final flag, the requester gets it, with an error if nothing else
  // came.
  void AddAnswerer() { answerers_.fetch_add(1, std::memory_order_relaxed); }
  static void DropAnswerer(const std::shared_ptr<ResponseFactory>& self);
  // Where the requester would place an output: its allocator's query function; without one, `type` and `id` stay as
  // they are. `name` and `byte_size` may be null. Errors: what the function says.
  Status QueryPlacement(const char* name, size_t* byte_size, MemoryType* type, int64_t* id) const;

  const ModelHandle& model() const { return model_; }
  const std::string& request_id() const { return request_id_; }
  const ResponseAllocator* allocator() const { return allocator_; }
  void* allocator_userp() const { return allocator_userp_; }
  uint64_t start_ns() const { return start_ns_; }
  // How many responses were made so far: the key of "response_stats".
  uint64_t NextResponseIndex() { return response_index_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t ResponseCount() const { return response_index_.load(std::memory_order_relaxed); }

 private:
  friend class InferenceRequest;
  friend class InferenceResponse;
  friend class Output;
  void Dispatch(std::unique_ptr<InferenceResponse> response, uint32_t flags);
  void Offer(size_t first_stage, std::unique_ptr<InferenceResponse> response, uint32_t flags);
  void Deliver(std::unique_ptr<InferenceResponse> response, uint32_t flags);
  void NoteResponse(const InferenceResponse& response);

  ModelHandle model_;
  std::string request_id_;
  const ResponseAllocator* allocator_ = nullptr;
  void* allocator_userp_ = nullptr;
  TRITONSERVER_InferenceResponseCompleteFn_t response_fn_ = nullptr;
  void* response_userp_ = nullptr;
  std::array<Interceptor, kResponseStages> interceptors_;
  std::shared_ptr<InferenceTrace> trace_;
  uint64_t start_ns_ = 0;
  std::atomic<uint64_t> response_index_{0};
  std::atomic<bool> submitted_{false};  // model_ and what follows it are set
  std::atomic<bool> final_sent_{false};
  std::atomic<bool> any_sent_{false};
  std::atomic<uint32_t> answerers_{1};
  std::atomic<bool> cancelled_{false};
  std::mutex cancel_mutex_;
  std::function<void()> cancel_hook_;
};

class InferenceResponse final : public TRITONSERVER_InferenceResponse, public TRITONBACKEND_Response {
 public:
  // Gives every output buffer back through the allocator's release function; pooled, as requests are.
  ~InferenceResponse();
  static void operator delete(InferenceResponse* response, std::destroying_delete_t);

  const std::string& id() const { return factory_->request_id(); }
  const std::string& model_name() const;
  // The version that answered.
  int64_t model_version() const;
  const Status& status() const { return status_; }
  std::span<const NamedParameter> parameters() const { return parameters_; }
  std::span<const Output> outputs() const { return {outputs_.data(), output_count_}; }
  std::span<Output> outputs() { return {outputs_.data(), output_count_}; }
  const std::shared_ptr<ResponseFactory>& factory() const { return factory_; }

  void AddParameter(std::string_view name, ParameterValue value);
  // `shape` is the backend's, batch dimension included; the configuration's output reshape is applied here. The pointer
  // stays valid until the response is gone. Errors: kAlreadyExists; kInvalidArg for an output the model does not have.
  Expected<Output*> AddOutput(std::string_view name, DataType datatype, std::span<const int64_t> shape);
  // The same with the requester's `shape`: of an answer that was given before.
  Expected<Output*> AddOutputAsSent(std::string_view name, DataType datatype, std::span<const int64_t> shape);
  // The label of class `index` of an output with a label file, or null.
  const char* ClassificationLabel(const Output& output, size_t index) const;

  // Backend side: gives the response away, as a failure when `error` is not ok (outputs are then dropped).
  static void Send(std::unique_ptr<InferenceResponse> response, uint32_t flags, Status error = {});

 private:
  friend class ResponseFactory;
  friend class Output;
  InferenceResponse() = default;
  void Clear();
  // Of the model's output `name`, which the response does not have yet.
  Expected<const TensorSpec*> SpecOfNew(std::string_view name) const;
  Output& Place(std::string_view name, DataType datatype, std::span<const int64_t> shape);
  Status StartAllocation();

  std::shared_ptr<ResponseFactory> factory_;
  Status status_;
  std::vector<NamedParameter> parameters_;
  // As many as the model has, the first output_count_ in use: they do not move, and keep their capacities.
  std::vector<Output> outputs_;
  size_t output_count_ = 0;
  bool allocation_started_ = false;
};

}  // namespace neso
