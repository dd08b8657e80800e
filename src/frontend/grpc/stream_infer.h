// ModelStreamInfer: many requests, for many models, and their responses.
//
// A request is issued as it is read. Responses of decoupled models are sent as they come; all other answers, errors
// included, in the order of their requests. After the client's half-close the stream ends when everything is answered;
// while the server drains, also when its client has nothing under way.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "base/memory_budget.h"
#include "base/mutex.h"
#include "frontend/access/access_control.h"
#include "frontend/grpc/infer_run.h"
#include "frontend/grpc/open_streams.h"
#include "net/grpc_call.h"

namespace neso {

class StreamInfer final : public net::GrpcReceiver,
                          public OpenStreams::Stream,
                          public std::enable_shared_from_this<StreamInfer> {
 public:
  // All but the call outlive it.
  StreamInfer(const InferContext& context, const std::atomic<bool>& is_draining, const OpenStreams& streams,
              net::GrpcCallRef call, AccessCallerRef caller);
  ~StreamInfer() override;

  void OnMessage(BufferRef message) override;
  void OnEnd() override;
  void OnCancel() override;
  void EndIfIdle() override;

 private:
  class Run;
  // Where the answer of a request that is not decoupled waits for those before it.
  struct Turn {
    std::optional<net::GrpcMessage> answer;
    MemoryCharge charge{};  // while it waits
  };

  // Whether the sender may have this request, too. Ends the stream when its key is none any more.
  Status Admit(Run& run);
  class Lookup;

  // Finds the run's model, and begins the run, within this call or later.
  void LookUp(const std::shared_ptr<Run>& run, const ReadTimes& read);
  // Those of a stream are begun in their order: while one waits for its model, those after it wait here.
  Status WaitForLookup(const std::shared_ptr<Run>& run, const ReadTimes& read);
  void EndLookup();
  // `status`: whether the request can be submitted so far. An answer comes in any case.
  void Begin(Run& run, Status status, const ReadTimes& read);
  Status Submit(Run& run, const ReadTimes& read);
  // Answers a request that did not get as far as its model.
  Status Refuse(Run& run, const Status& error);
  void Answer(const std::shared_ptr<Turn>& turn, net::GrpcMessage message);
  // A request has had its last answer.
  void Retire(Run* run);
  bool TakeEnd() REQUIRES(mutex_);
  // There is no memory, and much of it is this client's.
  bool HasTooMuch();
  // After something was answered, outside of the lock; `is_last` as TakeEnd() said.
  void EndAfterAnswer(bool is_last);
  // The stream ends now, with `status`, whatever is still running.
  void Break(net::GrpcStatus status);
  bool Send(net::GrpcMessage message);
  // A message has been read; the wait for the next one begins.
  ReadTimes TakeReadTimes();

  const InferContext& context_;
  const std::atomic<bool>& is_draining_;
  const OpenStreams& streams_;
  const net::GrpcCallRef call_;
  const AccessCallerRef caller_;  // null: there is no access control
  // What every request of the stream gets from its metadata.
  const Expected<std::vector<NamedParameter>> metadata_parameters_;
  const bool errors_end_stream_;    // metadata "triton_grpc_error: true"
  uint64_t waiting_since_ns_ = 0;   // as ReadTimes; OnMessage's
  std::atomic<size_t> lookups_{0};  // that are under way or wait
  Mutex mutex_;
  std::deque<std::unique_ptr<Lookup>> waiting_ GUARDED_BY(mutex_);
  bool is_next_due_ GUARDED_BY(mutex_) = false;  // the next one that comes to wait need not
  std::deque<std::shared_ptr<Turn>> turns_ GUARDED_BY(mutex_);
  bool is_sending_turns_ GUARDED_BY(mutex_) = false;
  std::unordered_set<Run*> running_ GUARDED_BY(mutex_);
  size_t open_ GUARDED_BY(mutex_) = 1;  // requests without their last answer, and 1 until the half-close
  bool is_over_ GUARDED_BY(mutex_) = false;
};

}  // namespace neso
