// Responses, and the factory that makes them after their request has been released.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "core/request.h"
#include "core/response_allocator.h"
#include "core/types.h"

namespace neso {

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

 private:
  friend class InferenceResponse;
  InferenceResponse* response_ = nullptr;
  std::string name_;
  DataType datatype_ = DataType::kInvalid;
  Shape shape_;
  void* base_ = nullptr;
  void* buffer_userp_ = nullptr;
  BufferAttributes attributes_;
};

// What remains of a request for answering it: callbacks, allocator, cancellation, order. Thread-safe.
class ResponseFactory final : public TRITONBACKEND_ResponseFactory {
 public:
  // `model` and `id` are copied from the request at Submit.
  std::unique_ptr<InferenceResponse> CreateResponse(const std::shared_ptr<ResponseFactory>& self);
  // A response without content: flags only (TRITONSERVER_RESPONSE_COMPLETE_FINAL ends a decoupled request).
  void SendFlags(uint32_t flags);
  bool IsCancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  // Runs `on_cancel` hooks (a queue drops the request, an ensemble passes it on), once.
  void Cancel();
  // Called by a scheduler that can drop a waiting request; replaced by {} when it cannot any more. Runs outside locks.
  void SetCancelHook(std::function<void()> hook);

  // Sits between backend and requester (preserve_ordering, response cache, ensemble): gets every response (may be null)
  // with its flags instead of the requester's callback. Set before the backend sees the request.
  using Delegator = std::function<void(std::unique_ptr<InferenceResponse>, uint32_t flags)>;
  void SetDelegator(Delegator delegator) { delegator_ = std::move(delegator); }
  // To the requester's callback, past the delegator. `response` may be null.
  void Deliver(std::unique_ptr<InferenceResponse> response, uint32_t flags);

  const std::shared_ptr<Model>& model() const { return model_; }
  const std::string& request_id() const { return request_id_; }
  uint64_t start_ns() const { return start_ns_; }
  // How many responses were made so far: the key of "response_stats".
  uint64_t NextResponseIndex() { return response_index_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t ResponseCount() const { return response_index_.load(std::memory_order_relaxed); }

 private:
  friend class InferenceRequest;
  friend class InferenceResponse;
  friend class RequestValidator;
  std::shared_ptr<Model> model_;
  int64_t requested_version_ = -1;
  std::string request_id_;
  const ResponseAllocator* allocator_ = nullptr;
  void* allocator_userp_ = nullptr;
  TRITONSERVER_InferenceResponseCompleteFn_t response_fn_ = nullptr;
  void* response_userp_ = nullptr;
  Delegator delegator_;
  std::shared_ptr<InferenceTrace> trace_;
  uint64_t start_ns_ = 0;
  std::atomic<uint64_t> response_index_{0};
  std::atomic<bool> cancelled_{false};
  std::mutex cancel_mutex_;
  std::function<void()> cancel_hook_;
};

class InferenceResponse final : public TRITONSERVER_InferenceResponse, public TRITONBACKEND_Response {
 public:
  ~InferenceResponse();  // gives every output buffer back through the allocator's release function
  static void* operator new(size_t size);  // pooled, as requests are
  static void operator delete(void* p);

  const std::string& id() const { return factory_->request_id(); }
  const std::string& model_name() const;
  // The version that answered.
  int64_t model_version() const;
  const Status& status() const { return status_; }
  std::span<const NamedParameter> parameters() const { return parameters_; }
  std::span<const Output> outputs() const { return {outputs_.data(), outputs_.size()}; }
  const std::shared_ptr<ResponseFactory>& factory() const { return factory_; }

  void AddParameter(std::string_view name, ParameterValue value);
  // `shape` is the backend's, batch dimension included; the configuration's output reshape is applied here. The pointer
  // stays valid until the response is gone. Errors: kAlreadyExists.
  Expected<Output*> AddOutput(std::string_view name, DataType datatype, std::span<const int64_t> shape);
  // The label of class `index` of an output with a label file, or null.
  const char* ClassificationLabel(const Output& output, size_t index) const;

  // Backend side: gives the response away, as a failure when `error` is not ok (outputs are then dropped).
  static void Send(std::unique_ptr<InferenceResponse> response, uint32_t flags, Status error = {});

 private:
  friend class ResponseFactory;
  friend class Output;
  explicit InferenceResponse(std::shared_ptr<ResponseFactory> factory) : factory_(std::move(factory)) {}
  std::shared_ptr<ResponseFactory> factory_;
  Status status_;
  std::vector<NamedParameter> parameters_;
  std::vector<Output> outputs_;  // reserved for the model's outputs, so that pointers stay valid (a deque past that)
  bool allocation_started_ = false;
};

}  // namespace neso
