#include "grpc/async_calls.h"

namespace triton {
namespace client {

void AsyncInferCalls::Stop() {
  {
    const std::unique_lock<std::shared_mutex> gate(gate_);
    exiting_ = true;
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (Call* call : under_way_) call->context.TryCancel();
  }
  queue_.Shutdown();
  if (!worker_.joinable()) return Run();  // gRPC wants an emptied queue
  if (worker_.get_id() == std::this_thread::get_id()) return worker_.detach();
  worker_.join();
}

Error AsyncInferCalls::Start(inference::GRPCInferenceService::Stub* stub, const inference::ModelInferRequest& request,
                             std::unique_ptr<Call> call) {
  call->reader = stub->PrepareAsyncModelInfer(&call->context, request, &queue_);
  const std::shared_lock<std::shared_mutex> gate(gate_);
  if (exiting_) return Error("Client is exiting.");
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    under_way_.insert(call.get());
    if (!worker_.joinable()) worker_ = std::thread([self = shared_from_this()] { self->Run(); });
  }
  Call* const tag = call.release();  // the queue's from here on
  tag->reader->StartCall();
  tag->reader->Finish(&tag->response, &tag->status, tag);
  return Error::Success;
}

void AsyncInferCalls::Run() {
  void* tag;
  bool ok;
  while (queue_.Next(&tag, &ok)) {
    const std::unique_ptr<Call> call(static_cast<Call*>(tag));
    if (Remove(call.get())) call->done(call.get());
  }
}

bool AsyncInferCalls::Remove(Call* call) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    under_way_.erase(call);
  }
  const std::shared_lock<std::shared_mutex> gate(gate_);
  return !exiting_;
}

}  // namespace client
}  // namespace triton
