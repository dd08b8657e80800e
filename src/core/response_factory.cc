#include <utility>

#include "base/clock.h"
#include "core/foreign_call.h"
#include "core/model.h"
#include "core/object_pool.h"
#include "core/response.h"
#include "core/trace.h"

namespace neso {

std::unique_ptr<InferenceResponse> ResponseFactory::CreateResponse(const std::shared_ptr<ResponseFactory>& self) {
  InferenceResponse* response = RecyclePool<InferenceResponse>::Take();
  if (response == nullptr) response = ::new (::operator new(sizeof(InferenceResponse))) InferenceResponse();
  response->factory_ = self;
  // All of them now, so that the backend's pointers to outputs stay valid.
  if (response->outputs_.size() < model_->outputs().size()) response->outputs_.resize(model_->outputs().size());
  return std::unique_ptr<InferenceResponse>(response);
}

void ResponseFactory::SendFlags(uint32_t flags) { Dispatch(nullptr, flags); }

void ResponseFactory::Dispatch(std::unique_ptr<InferenceResponse> response, uint32_t flags) {
  if ((flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL) != 0) final_sent_.store(true, std::memory_order_release);
  if (response != nullptr) NoteResponse(*response);
  Offer(0, std::move(response), flags);
}

void ResponseFactory::Intercept(ResponseStage stage, Interceptor interceptor) {
  interceptors_[static_cast<size_t>(stage)] = std::move(interceptor);
}

void ResponseFactory::PassOn(ResponseStage stage, std::unique_ptr<InferenceResponse> response, uint32_t flags) {
  Offer(static_cast<size_t>(stage) + 1, std::move(response), flags);
}

void ResponseFactory::Offer(size_t first_stage, std::unique_ptr<InferenceResponse> response, uint32_t flags) {
  for (size_t stage = first_stage; stage < interceptors_.size(); ++stage) {
    if (interceptors_[stage]) return interceptors_[stage](std::move(response), flags);
  }
  Deliver(std::move(response), flags);
}

// An error is no response to wait for: refusals would make a model look quick.
void ResponseFactory::NoteResponse(const InferenceResponse& response) {
  LatencyHistograms* const histograms = model_->statistics().first_responses();
  if (histograms == nullptr) return any_sent_.store(true, std::memory_order_relaxed);
  if (any_sent_.exchange(true, std::memory_order_relaxed) || !response.status().ok()) return;
  const uint64_t now = SteadyNanoseconds();
  histograms->Observe(Latency::kFirstResponse, now > start_ns_ ? now - start_ns_ : 0,
                      trace_ == nullptr ? nullptr : &trace_->key());
}

void ResponseFactory::DropAnswerer(const std::shared_ptr<ResponseFactory>& self) {
  if (self->answerers_.fetch_sub(1, std::memory_order_acq_rel) != 1 || self->IsFinalSent()) return;
  if (self->model_->is_decoupled() || self->any_sent_.load(std::memory_order_relaxed)) {
    self->SendFlags(TRITONSERVER_RESPONSE_COMPLETE_FINAL);
    return;
  }
  InferenceResponse::Send(self->CreateResponse(self), TRITONSERVER_RESPONSE_COMPLETE_FINAL,
                          Internal("model '{}' gave the request back without an answer", self->model_->name()));
}

void ResponseFactory::Deliver(std::unique_ptr<InferenceResponse> response, uint32_t flags) {
  // Nothing is reported after the last response; the trace ends when the request is released too.
  const std::shared_ptr<InferenceTrace> ending_trace =
      (flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL) != 0 ? std::move(trace_) : nullptr;
  // The callback may drop what holds this object.
  const auto response_fn = response_fn_;
  void* const userp = response_userp_;
  LogFailure(CallForeign("the response callback of a request", response_fn, response.release(), flags, userp));
}

void ResponseFactory::Cancel() {
  // A client that has its answer goes away, and the backend has not let the request go: nothing is left to be
  // cancelled, and its sequence goes on.
  if (IsFinalSent()) return;
  if (cancelled_.exchange(true, std::memory_order_acq_rel)) return;
  if (submitted_.load(std::memory_order_acquire)) model_->scheduler().OnCancel();
  std::function<void()> hook;
  {
    std::lock_guard<std::mutex> lock(cancel_mutex_);
    hook = std::exchange(cancel_hook_, nullptr);
  }
  if (hook) hook();
}

void ResponseFactory::SetCancelHook(std::function<void()> hook) {
  {
    std::lock_guard<std::mutex> lock(cancel_mutex_);
    if (!cancelled_.load(std::memory_order_acquire)) {
      cancel_hook_ = std::move(hook);
      return;
    }
  }
  if (hook) hook();
}

Status ResponseFactory::QueryPlacement(const char* name, size_t* byte_size, MemoryType* type, int64_t* id) const {
  if (allocator_->query == nullptr) return {};
  auto placed = static_cast<TRITONSERVER_MemoryType>(*type);
  RETURN_IF_ERROR(CallForeign("the query callback of a response allocator", allocator_->query,
                              const_cast<ResponseAllocator*>(allocator_), allocator_userp_, name, byte_size, &placed,
                              id));
  *type = static_cast<MemoryType>(placed);
  return {};
}

}  // namespace neso
