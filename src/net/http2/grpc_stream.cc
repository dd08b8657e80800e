#include "net/http2/grpc_stream.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/clock.h"
#include "base/exception_status.h"
#include "base/memory_budget.h"
#include "net/due_call.h"
#include "net/exception_answer.h"
#include "net/http2/grpc_text.h"
#include "net/http2/http2_session.h"

namespace neso::net {
namespace {

// A client may send this much ahead of the method, and the window more.
constexpr size_t kMaxBacklog = 32u << 20;
// A message that waits takes this much more; of very short ones a window holds millions.
constexpr size_t kWaitingBytes = 160;
constexpr size_t kUnaryInputs = 3;  // its start, its message and its end, which mostly come together
constexpr const char* kNoMemory = "the server has no memory for the message now; try again later";

}  // namespace

GrpcStream::GrpcStream(Http2Session& session, int32_t id, SharedHttpHead head, bool head_too_large)
    : Http2Stream(session, id, head->bytes),
      head_(std::move(head)),
      head_too_large_(head_too_large),
      answer_encoding_(ChooseGrpcEncoding(context().grpc_settings.compression, head_->grpc.accepted_encodings)),
      reader_(service_limits().max_message_bytes) {}

void GrpcStream::OnStart() {
  ignoring_ = true;
  if (head_too_large_) return Fail(GrpcCode::kResourceExhausted, "received metadata size exceeds the limit");
  const std::string_view encoding = head_->grpc.encoding;
  if (!ParseContentEncoding(!encoding.empty(), encoding).ok()) {
    return Fail(GrpcCode::kUnimplemented, "Compression algorithm '" + std::string(encoding) + "' is not supported.");
  }
  if (const auto timeout = ParseGrpcTimeout(head_->grpc.timeout)) {
    call_deadline_ = std::chrono::steady_clock::now() + *timeout;
    WatchDeadlines();
  }
  ignoring_ = false;
  Queue(Event::kStart);
}

void GrpcStream::OnData(std::string_view bytes) {
  const size_t size = bytes.size();
  while (!ignoring_) {
    GrpcFrameReader::Message message;
    GrpcFrameReader::Result result = reader_.Next(bytes, &message);
    if (result == GrpcFrameReader::Result::kMore) break;
    const bool is_behind = backlog_ > kMaxBacklog;  // the window bounds it, while there is memory
    if (result == GrpcFrameReader::Result::kMessage && is_behind && MemoryBudget::OfProcess().IsExhausted())
      result = GrpcFrameReader::Result::kNoMemory;
    ignoring_ = result != GrpcFrameReader::Result::kMessage;
    switch (result) {
      case GrpcFrameReader::Result::kMessage: Queue(Event::kMessage, std::move(message)); break;
      case GrpcFrameReader::Result::kTooLarge:
        Fail(GrpcCode::kResourceExhausted, "SERVER: Received message larger than max (" +
                                               std::to_string(reader_.message_bytes()) + " vs. " +
                                               std::to_string(service_limits().max_message_bytes) + ")");
        break;
      case GrpcFrameReader::Result::kNoMemory: Fail(GrpcCode::kResourceExhausted, kNoMemory); break;
      default: Fail(GrpcCode::kInternal, "malformed message prefix"); break;
    }
  }
  session().ConsumeForConnection(size);
  withheld_ += size;
  GiveWindowBack();
  WatchMessage(size);
}

// `bytes` came, and what they belong to may have begun, gone on or ended.
void GrpcStream::WatchMessage(size_t bytes) {
  const size_t partial = ignoring_ ? 0 : reader_.PartialBytes();
  if (!HoldUnfinished(partial + (parked_work ? backlog_.load() : 0)) && !ignoring_) {
    ignoring_ = true;
    return Fail(GrpcCode::kResourceExhausted, "too many unfinished messages of this connection");
  }
  if (partial == 0 && message_deadline_ == kNever) return;
  if (partial == 0 || withheld_ > 0) {
    message_deadline_ = kNever;  // no message, or nothing can come of it
  } else {
    const TimePoint now = std::chrono::steady_clock::now();
    const bool begins = message_deadline_ == kNever || partial <= bytes;
    begins ? pace_.Start(now) : pace_.OnBytes(bytes, now);
    message_deadline_ = connection().DeadlineOf(pace_);
  }
  WatchDeadlines();
}

void GrpcStream::WatchDeadlines() { SetDeadline(std::min(call_deadline_, message_deadline_)); }

void GrpcStream::GiveWindowBack() {
  if (withheld_ == 0) return;
  if (backlog_ > kMaxBacklog) {
    withholding_ = true;
    if (backlog_ > kMaxBacklog) return;  // whoever works it off sees that we wait
  }
  if (withholding_) withholding_ = false;
  session().ConsumeForStream(*this, withheld_);
  withheld_ = 0;
}

void GrpcStream::OnRequestEnd() {
  if (ignoring_) return;
  if (!reader_.AtBorder()) return Fail(GrpcCode::kInternal, "the request ends within a message");
  Queue(Event::kEnd);
}

void GrpcStream::Queue(Event event, GrpcFrameReader::Message message) {
  if (message.bytes) backlog_ += message.bytes->size() + kWaitingBytes;
  if (arrived_.empty()) arrived_.reserve(kUnaryInputs);
  arrived_.push_back({event, std::move(message)});
  if (is_due_) return;
  if (event != Event::kStart) {
    MutexLock lock(mutex_);
    if (std::exchange(working_, true)) {
      inputs_.push_back(std::move(arrived_.back()));
      return arrived_.clear();
    }
  }
  is_due_ = true;
  session().AddRequest(*this, kWork);
}

void GrpcStream::OnHandOver(int what) noexcept {
  if (what != kWork || !std::exchange(is_due_, false)) return;
  handed_.swap(arrived_);
}

void GrpcStream::RunAtTop(std::shared_ptr<TopWork> self, int what) {
  const DueCall call(self, connection().shared_from_this());
  what == kWork ? WorkOff() : Cancel();
}

void GrpcStream::WorkOff() {
  Work work;
  bool is_last = false;
  while (!is_last && Take(work)) {
    std::span<Input> left = work.inputs;
    is_last = left.back().event == Event::kEnd;
    for (; !left.empty(); left = left.subspan(1)) {
      if (left[0].event == Event::kMessage && connection().account().IsOver(ClientAccount::kUnread))
        return Postpone(left);
      Handle(work, std::move(left[0]));
    }
  }
}

bool GrpcStream::Take(Work& work) {
  work.inputs.clear();
  work.inputs.swap(handed_);
  if (!work.inputs.empty() && work.inputs.front().event == Event::kStart) return true;
  MutexLock lock(mutex_);
  if (work.inputs.empty()) work.inputs.swap(inputs_);
  working_ = !work.inputs.empty();
  work.receiver = receiver_;
  return working_;
}

// A message is a request of a stream, and so waits for the client to read as a request of its own would.
void GrpcStream::Postpone(std::span<Input> inputs) {
  {
    MutexLock lock(mutex_);
    inputs_.insert(inputs_.begin(), std::make_move_iterator(inputs.begin()), std::make_move_iterator(inputs.end()));
    postponed_ = true;
  }
  Wake();
}

void GrpcStream::Handle(Work& work, Input input) {
  try {
    if (input.event == Event::kStart) {
      work.receiver = Start();
    } else {
      Deliver(work.receiver.get(), std::move(input));
    }
  } catch (...) {
    Fail(GrpcExceptionStatus());
  }
}

GrpcReceiverRef GrpcStream::Start() {
  {
    MutexLock lock(mutex_);
    if (cancelled_ || over_) return nullptr;
    starting_ = true;
  }
  GrpcReceiverRef receiver = CallMethod();
  {
    MutexLock lock(mutex_);
    starting_ = false;
    if (!cancel_waits_) {
      if (!over_ || cancel_comes_) return receiver_ = std::move(receiver);
      return nullptr;
    }
    cancelled_ = true;
  }
  if (receiver) receiver->OnCancel();
  return nullptr;
}

GrpcReceiverRef GrpcStream::CallMethod() {
  try {
    GrpcReceiverRef receiver = context().grpc->OnCall(std::static_pointer_cast<GrpcStream>(shared_from_this()));
    if (!receiver) Fail(GrpcCode::kUnimplemented, "");
    return receiver;
  } catch (...) {
    Fail(GrpcExceptionStatus());
    return nullptr;
  }
}

GrpcReceiverRef GrpcStream::TakeReceiver() {
  is_over_for_receiver_.store(true, std::memory_order_relaxed);
  return std::exchange(receiver_, nullptr);
}

void GrpcStream::Deliver(GrpcReceiver* receiver, Input input) {
  if (is_over_for_receiver_.load(std::memory_order_relaxed)) receiver = nullptr;
  if (input.event == Event::kEnd) {
    if (receiver != nullptr) receiver->OnEnd();
    return;
  }
  BufferRef message = std::move(input.message.bytes);
  backlog_ -= message->size() + kWaitingBytes;
  if (withholding_) Wake();
  if (receiver == nullptr) return;
  if (input.message.compressed) message = Inflate(*message);
  if (message) receiver->OnMessage(std::move(message));
}

BufferRef GrpcStream::Inflate(Buffer& message) {
  const auto fail = [this](GrpcCode code, std::string text) {
    Fail(code, std::move(text));
    return BufferRef();
  };
  const std::string_view name = head_->grpc.encoding;
  if (name.empty() || name == "identity") return fail(GrpcCode::kInternal, "compressed message without grpc-encoding");
  bool complete = false;
  Expected<BufferRef> inflated = Decompress(message.bytes(), service_limits().max_message_bytes, 0, &complete);
  if (!inflated.ok() && inflated.error().code() == StatusCode::kUnavailable) {
    return fail(GrpcCode::kResourceExhausted, inflated.error().message());
  }
  if (!inflated.ok()) {
    return fail(GrpcCode::kResourceExhausted, "SERVER: Decompressed message larger than max (" +
                                                  std::to_string(service_limits().max_message_bytes) + ")");
  }
  if (!complete) return fail(GrpcCode::kInternal, "the message could not be decompressed");
  BufferRef result = *inflated ? *std::move(inflated) : Buffer::TryAllocate(0);
  if (!result) return fail(GrpcCode::kResourceExhausted, kNoMemory);
  return result;
}

void GrpcStream::Cancel() {
  GrpcReceiverRef receiver;
  {
    MutexLock lock(mutex_);
    if (cancelled_) return;
    cancel_waits_ = starting_;
    if (cancel_waits_) return;
    cancelled_ = true;
    receiver = TakeReceiver();
  }
  if (!receiver) return;
  try {
    receiver->OnCancel();
  } catch (...) {
    LogException("a cancelled call");
  }
}

void GrpcStream::OnDeadline() {
  const TimePoint now = std::chrono::steady_clock::now();
  if (now >= call_deadline_) {
    call_deadline_ = message_deadline_ = kNever;
    WatchDeadlines();
    // Nobody waits any more for an answer that is not read yet.
    if (answered_) return session().Reset(id(), NGHTTP2_CANCEL);
    return Fail(GrpcCode::kDeadlineExceeded, "Deadline Exceeded");
  }
  if (now >= message_deadline_) {
    message_deadline_ = kNever;
    ignoring_ = true;
    Fail(GrpcCode::kDeadlineExceeded, "the message was not received in time");
  }
  WatchDeadlines();
}

void GrpcStream::OnClose() {
  ignoring_ = true;
  GrpcReceiverRef receiver;
  Http2Pieces dropped;  // without the lock: what keeps them may be anybody's
  bool cancel = false;
  {
    MutexLock lock(mutex_);
    over_ = true;
    if (!status_) cancel_wanted_ = cancel_comes_ = true;
    cancel = cancel_wanted_;
    if (!cancel_comes_) receiver = TakeReceiver();
    dropped.swap(answer_);
  }
  session().Drop(std::move(receiver));
  try {
    if (cancel) ArrangeCancel();
  } catch (...) {
    LogException("a cancelled call");
    // It runs to its end, but it and its receiver must not keep each other for ever.
    session().Drop([&] {
      MutexLock lock(mutex_);
      return TakeReceiver();
    }());
  }
}

void GrpcStream::ArrangeCancel() {
  session().AddDue(shared_from_this(), kCancel);
  MutexLock lock(mutex_);
  cancel_wanted_ = false;
}

}  // namespace neso::net
