// One stream of inference requests and their responses.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <thread>

#include "common.h"
#include "common/stat_recorder.h"
#include "grpc_service.grpc.pb.h"

namespace triton {
namespace client {

// Thread-safe. Its thread keeps it until it ends.
class InferStream : public std::enable_shared_from_this<InferStream> {
 public:
  using Stub = inference::GRPCInferenceService::Stub;
  using OnCompleteFn = InferenceServerClient::OnCompleteFn;

  // `context` is prepared; `stats`, if it is given, is used until the stream is closed or aborted, which it has to be.
  static std::shared_ptr<InferStream> Open(Stub* stub, std::unique_ptr<grpc::ClientContext> context,
                                           OnCompleteFn callback, StatRecorder* stats, bool verbose);
  InferStream(const InferStream&) = delete;

  // Waits while the server takes no more. Error: the stream has ended.
  Error Send(const inference::ModelInferRequest& request, const RequestTimers& timers);
  // No more requests; waits for the last response. Error: called within the callback.
  Error Close();
  // Cancels what has not been answered, without calling back, and waits for a callback that is under way, unless that
  // is who aborts it.
  void Abort();

 private:
  InferStream(Stub* stub, std::unique_ptr<grpc::ClientContext> context, OnCompleteFn callback, StatRecorder* stats,
              bool verbose);
  void Run();
  bool IsReader() const { return reader_id_ == std::this_thread::get_id(); }
  void Hand(inference::ModelStreamInferResponse response);
  // Of the oldest request that has had no response. None: requests are not counted, or all have had one.
  std::optional<RequestTimers> TakeTimers();

  const std::unique_ptr<grpc::ClientContext> context_;
  const OnCompleteFn callback_;
  StatRecorder* const stats_;
  const bool verbose_;
  std::atomic<bool> dropped_{false};
  std::mutex write_mutex_;  // gRPC takes one message at a time
  bool closed_ = false;     // guarded by write_mutex_
  std::mutex timers_mutex_;
  std::queue<RequestTimers> timers_;  // guarded by timers_mutex_
  const std::unique_ptr<grpc::ClientReaderWriter<inference::ModelInferRequest, inference::ModelStreamInferResponse>>
      stream_;
  std::atomic<std::thread::id> reader_id_{};
  std::mutex join_mutex_;
  std::thread reader_;  // joined under join_mutex_
};

}  // namespace client
}  // namespace triton
