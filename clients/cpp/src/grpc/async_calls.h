// Inference calls that nobody waits for.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "common.h"
#include "grpc_service.grpc.pb.h"

namespace triton {
namespace client {

// Hands answers to callbacks on a thread of its own, which begins with the first call. Thread-safe.
class AsyncInferCalls {
 public:
  struct Call {
    grpc::ClientContext context;
    RequestTimers timers;
    inference::ModelInferResponse response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<inference::ModelInferResponse>> reader;
    std::function<void(Call*)> done;
  };

  AsyncInferCalls() = default;
  // Cancels what has not completed, without calling back.
  ~AsyncInferCalls();
  AsyncInferCalls(const AsyncInferCalls&) = delete;

  // `request` may go when this returns.
  void Start(inference::GRPCInferenceService::Stub* stub, const inference::ModelInferRequest& request,
             std::unique_ptr<Call> call);

 private:
  void Run();
  // False when the client goes.
  bool Remove(Call* call);

  grpc::CompletionQueue queue_;
  std::mutex mutex_;
  bool exiting_ = false;       // guarded by mutex_
  std::set<Call*> under_way_;  // guarded by mutex_
  std::thread worker_;         // begun under mutex_
};

}  // namespace client
}  // namespace triton
