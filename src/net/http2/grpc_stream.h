// A gRPC call over HTTP/2: messages come in for its receiver, messages and a status go out.
//
// What comes in waits in order for a network thread that is at its top; one thread at a time works it off. A client
// that sends faster than the receiver takes runs out of window.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "net/compression.h"
#include "net/grpc_call.h"
#include "net/http2/grpc_frame_reader.h"
#include "net/http2/http2_head.h"
#include "net/http2/http2_stream.h"
#include "net/transfer_pace.h"

namespace neso::net {

class GrpcStream final : public Http2Stream, public GrpcCall {
 public:
  GrpcStream(Http2Session& session, int32_t id, SharedHttpHead head, bool head_too_large);

  // --- The session's side, in the strand. ---
  void OnStart() override;
  void OnData(std::string_view bytes) override;
  void OnRequestEnd() override;
  void OnHandOver(int what) noexcept override;
  ReadRoom Direct() override { return ignoring_ ? ReadRoom() : reader_.Direct(); }
  void OnAnswer() override;
  bool SubmitTrailers() override;
  void OnDeadline() override;
  void OnClose() override;
  void RunAtTop(std::shared_ptr<TopWork> self, int what) override;

  // --- The method's side, any thread. ---
  const HttpHead& head() const override { return head_->head; }
  void SendMetadata(GrpcMetadata metadata) override;
  bool Send(GrpcMessage message) override;
  void Finish(GrpcStatus status) override;
  void SendAndFinish(GrpcMessage message) override;

 private:
  enum What { kWork, kCancel };
  enum class Event { kStart, kMessage, kEnd };
  struct Input {
    Event event;
    GrpcFrameReader::Message message;
  };
  using Inputs = std::vector<Input, BlockAllocator<Input>>;

  // In the strand.
  void Queue(Event event, GrpcFrameReader::Message message = {});
  void WatchMessage(size_t bytes);
  void WatchDeadlines();
  void GiveWindowBack();
  // Once it is wanted.
  void ArrangeCancel();
  void SubmitHead(const GrpcMetadata& metadata);
  void SubmitTrailersOnly();

  // At the top of a network thread.
  void WorkOff();
  // What WorkOff takes at once, and what it takes it with.
  struct Work {
    Inputs inputs;
    GrpcReceiverRef receiver;
  };
  // False when nothing waits any more.
  bool Take(Work& work);
  void Postpone(std::span<Input> inputs);
  // An exception of the method ends the call.
  void Handle(Work& work, Input input);
  // The receiver, unless the call is over for it.
  GrpcReceiverRef Start();
  GrpcReceiverRef CallMethod();
  void Deliver(GrpcReceiver* receiver, Input input);
  // The message inflated; null when that failed, which ends the call.
  BufferRef Inflate(Buffer& message);
  void Cancel();
  // For it the call is over.
  GrpcReceiverRef TakeReceiver() REQUIRES(mutex_);

  // Any thread.
  bool Queue(GrpcMessage message, std::optional<GrpcStatus> status);
  void AppendToAnswer(GrpcMessage message, bool compressed) REQUIRES(mutex_);
  // Ends the call on the engine's account; the method, if it knows the call, hears that it is cancelled.
  void Fail(GrpcStatus status);
  void Fail(GrpcCode code, std::string message);

  const SharedHttpHead head_;
  const bool head_too_large_;
  const ContentEncoding answer_encoding_;

  // The strand's.
  GrpcFrameReader reader_;
  bool ignoring_ = false;  // what still comes in
  bool answered_ = false;  // all that is sent is known
  TransferPace pace_;      // of the message that has begun
  TimePoint message_deadline_ = kNever;
  TimePoint call_deadline_ = kNever;
  bool head_sent_ = false;
  Inputs arrived_;       // with OnHandOver they are handed_: what comes at once needs no lock
  bool is_due_ = false;  // OnHandOver will come
  size_t withheld_ = 0;  // bytes that the client's window was not given back
  GrpcStatus trailers_;

  // Of the thread that works, from OnHandOver on.
  Inputs handed_;  // before inputs_

  std::atomic<size_t> backlog_{0};  // bytes of messages that wait for the receiver
  std::atomic<bool> withholding_{false};
  std::atomic<bool> is_over_for_receiver_{false};

  Mutex mutex_;
  Inputs inputs_ GUARDED_BY(mutex_);
  bool working_ GUARDED_BY(mutex_) = true;         // a thread works inputs_ off, or will: OnStart sees to the first
  bool postponed_ GUARDED_BY(mutex_) = false;      // the strand shall say when
  bool starting_ GUARDED_BY(mutex_) = false;       // OnCall is running
  bool over_ GUARDED_BY(mutex_) = false;           // the stream is closed
  bool cancel_comes_ GUARDED_BY(mutex_) = false;   // Cancel will be called, or was
  bool cancel_wanted_ GUARDED_BY(mutex_) = false;  // the strand shall arrange it
  bool cancel_waits_ GUARDED_BY(mutex_) = false;   // it was, and waits for OnCall to return
  bool cancelled_ GUARDED_BY(mutex_) = false;      // the receiver was told, or never will be
  GrpcReceiverRef receiver_ GUARDED_BY(mutex_);
  std::optional<GrpcMetadata> metadata_ GUARDED_BY(mutex_);  // of the head, which shall be sent
  Http2Pieces answer_ GUARDED_BY(mutex_);
  std::optional<GrpcStatus> status_ GUARDED_BY(mutex_);  // set once; nothing is sent after it
  bool status_taken_ GUARDED_BY(mutex_) = false;
  bool drop_answer_ GUARDED_BY(mutex_) = false;  // what was not framed is not sent
};

}  // namespace neso::net
