#include "grpc/async_calls.h"

namespace triton {
namespace client {

AsyncInferCalls::~AsyncInferCalls() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    exiting_ = true;
    for (Call* call : under_way_) call->context.TryCancel();
  }
  queue_.Shutdown();
  if (worker_.joinable())
    worker_.join();
  else
    Run();  // gRPC wants an emptied queue
}

void AsyncInferCalls::Start(inference::GRPCInferenceService::Stub* stub, const inference::ModelInferRequest& request,
                            std::unique_ptr<Call> call) {
  call->reader = stub->PrepareAsyncModelInfer(&call->context, request, &queue_);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    under_way_.insert(call.get());
    if (!worker_.joinable()) worker_ = std::thread(&AsyncInferCalls::Run, this);
  }
  Call* const tag = call.release();  // the queue's from here on
  tag->reader->StartCall();
  tag->reader->Finish(&tag->response, &tag->status, tag);
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
  const std::lock_guard<std::mutex> lock(mutex_);
  under_way_.erase(call);
  return !exiting_;
}

}  // namespace client
}  // namespace triton
