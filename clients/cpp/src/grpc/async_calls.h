// Inference calls that nobody waits for.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <thread>

#include "common.h"
#include "grpc_service.grpc.pb.h"

namespace triton {
namespace client {

// Hands answers to callbacks on a thread of its own, which begins with the first call and keeps it until it ends.
// Thread-safe.
class AsyncInferCalls : public std::enable_shared_from_this<AsyncInferCalls> {
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
  AsyncInferCalls(const AsyncInferCalls&) = delete;

  // `request` may go when this returns. Error: it was stopped.
  Error Start(inference::GRPCInferenceService::Stub* stub, const inference::ModelInferRequest& request,
              std::unique_ptr<Call> call);
  // Once, and before it is destroyed. Cancels what has not completed, without calling back, and waits for a callback
  // that is under way, unless that is who stops it.
  void Stop();

 private:
  void Run();
  // False when the client goes.
  bool Remove(Call* call);

  grpc::CompletionQueue queue_;
  std::shared_mutex gate_;  // shared while a call is begun: the queue takes none once it is shut down
  bool exiting_ = false;    // guarded by gate_
  std::mutex mutex_;
  std::set<Call*> under_way_;  // guarded by mutex_
  std::thread worker_;         // begun under mutex_
};

}  // namespace client
}  // namespace triton
