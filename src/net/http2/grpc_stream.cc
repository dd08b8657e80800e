#include "net/http2/grpc_stream.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/base64.h"
#include "base/clock.h"
#include "base/exception_status.h"
#include "net/due_call.h"
#include "net/exception_answer.h"
#include "net/http2/grpc_text.h"
#include "net/http2/http2_callbacks.h"
#include "net/http2/http2_fields.h"
#include "net/http2/http2_session.h"

namespace neso::net {
namespace {

// A client may send this much ahead of the method, and the window more.
constexpr size_t kMaxBacklog = 32u << 20;
constexpr size_t kPrefixBytes = 5;
constexpr size_t kUnaryInputs = 3;  // its start, its message and its end, which mostly come together
constexpr const char* kNoMemory = "the server has no memory for the message now; try again later";

BlockString Prefix(bool compressed, size_t size) {
  const auto byte = [size](int shift) { return static_cast<char>(size >> shift & 0xff); };
  return {compressed ? '\1' : '\0', byte(24), byte(16), byte(8), byte(0)};
}

size_t SizeOf(const GrpcMessage& message) {
  size_t size = message.head.size();
  for (const BodyPart& part : message.parts) size += part.size;
  return size;
}

Http2Fields HeadFields() {
  Http2Fields fields;
  fields.AddFixed(":status", "200");
  fields.AddFixed("content-type", "application/grpc");
  fields.AddFixed("grpc-accept-encoding", "identity, deflate, gzip");
  return fields;
}

// Without padding, as gRPC sends it.
std::string BinaryValue(std::string_view bytes) {
  std::string text = EncodeBase64(bytes);
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

void AddMetadata(const GrpcMetadata& metadata, Http2Fields* fields) {
  for (const auto& [name, value] : metadata) {
    if (name.starts_with("grpc-")) continue;  // the protocol's own
    fields->AddForeign(name, name.ends_with("-bin") ? BinaryValue(value) : value);
  }
}

void AddStatus(const GrpcStatus& status, Http2Fields* fields) {
  fields->AddFixed("grpc-status", GrpcCodeText(status.code));
  if (!status.message.empty()) fields->AddOwned("grpc-message", EncodeGrpcMessage(status.message));
  AddMetadata(status.metadata, fields);
}

Http2Fields StatusFields(const GrpcStatus& status) {
  Http2Fields fields;
  AddStatus(status, &fields);
  return fields;
}

// The same message, compressed; false leaves it as it is.
bool CompressMessage(ContentEncoding encoding, GrpcMessage* message) {
  std::vector<std::string_view> pieces{message->head};
  for (const BodyPart& part : message->parts) pieces.emplace_back(part.data, part.size);
  Expected<std::string> compressed = Compress(encoding, pieces);
  if (!compressed.ok()) return false;
  *message = {.head = *std::move(compressed), .parts = {}, .release = nullptr};
  return true;
}

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
    const GrpcFrameReader::Result result = reader_.Next(bytes, &message);
    if (result == GrpcFrameReader::Result::kMore) break;
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
  withholding_ = false;
  session().ConsumeForStream(id(), withheld_);
  withheld_ = 0;
}

void GrpcStream::OnRequestEnd() {
  if (ignoring_) return;
  if (!reader_.AtBorder()) return Fail(GrpcCode::kInternal, "the request ends within a message");
  Queue(Event::kEnd);
}

void GrpcStream::Queue(Event event, GrpcFrameReader::Message message) {
  if (message.bytes) backlog_ += message.bytes->size();
  if (arrived_.empty()) arrived_.reserve(kUnaryInputs);
  arrived_.push_back({event, std::move(message)});
  if (is_due_) return;
  if (event != Event::kStart) {
    MutexLock lock(mutex_);
    if (std::exchange(working_, true)) return MoveArrived();
  }
  is_due_ = true;
  session().AddRequest(*this, kWork);
}

void GrpcStream::OnHandOver(int what) noexcept {
  if (what != kWork) return;
  is_due_ = false;
  MutexLock lock(mutex_);
  MoveArrived();
}

void GrpcStream::MoveArrived() {
  if (inputs_.empty()) return inputs_.swap(arrived_);
  inputs_.insert(inputs_.end(), std::make_move_iterator(arrived_.begin()), std::make_move_iterator(arrived_.end()));
  arrived_.clear();
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
  MutexLock lock(mutex_);
  work.inputs.swap(inputs_);
  working_ = !work.inputs.empty();
  if (!working_) return false;
  work.receiver = receiver_;
  work.may_start = work.inputs.front().event == Event::kStart && !cancelled_ && !over_;
  starting_ = work.may_start;
  return true;
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
    if (input.event != Event::kStart) {
      Deliver(work.receiver.get(), std::move(input));
    } else if (work.may_start) {
      work.receiver = Start();
    }
  } catch (...) {
    Fail(GrpcExceptionStatus());
  }
}

GrpcReceiverRef GrpcStream::Start() {
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
  backlog_ -= message->size();
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

void GrpcStream::OnAnswer() {
  GiveWindowBack();
  if (reader_.PartialBytes() > 0 && message_deadline_ == kNever) WatchMessage(0);
  std::optional<GrpcMetadata> metadata;
  Http2Pieces pieces;
  bool ended = false;
  bool dropped = false;
  bool cancel = false;
  bool postponed = false;
  GrpcReceiverRef receiver;
  {
    MutexLock lock(mutex_);
    metadata.swap(metadata_);
    pieces.swap(answer_);
    ended = status_ && !std::exchange(status_taken_, status_.has_value());
    if (ended) trailers_ = *status_;
    dropped = drop_answer_;
    cancel = cancel_wanted_;
    postponed = std::exchange(postponed_, false);
    // It may hold the request, which nobody needs while the answer waits for a slow client.
    if (ended && !dropped) receiver = TakeReceiver();
  }
  session().Drop(std::move(receiver));
  if (cancel) ArrangeCancel();
  if (postponed) {
    session().AddRequest(*this, kWork);
    if (parked_work) WatchMessage(0);  // what waits is unfinished
  }
  if (ended) {
    ignoring_ = answered_ = true;
    message_deadline_ = kNever;
    HoldUnfinished(0);
    WatchDeadlines();
  }
  if (!head_sent_ && (metadata || !pieces.empty())) SubmitHead(metadata.value_or(GrpcMetadata()));
  if (!head_sent_ && ended) return SubmitTrailersOnly();
  if (ended && dropped) {
    // At once: the data they would wait behind may never be read.
    DropData();
    unread().Clear();
    SubmitTrailers();
    return;
  }
  PushAll(std::move(pieces));
  if (ended) PushEnd();
  Resume();
}

void GrpcStream::SubmitHead(const GrpcMetadata& metadata) {
  head_sent_ = true;
  if (answer_encoding_ == ContentEncoding::kIdentity && metadata.empty()) {
    static const Http2Fields usual = HeadFields();
    return session().SubmitHead(id(), usual, true);
  }
  Http2Fields fields = HeadFields();
  if (answer_encoding_ != ContentEncoding::kIdentity)
    fields.AddFixed("grpc-encoding", ContentEncodingName(answer_encoding_));
  AddMetadata(metadata, &fields);
  session().SubmitHead(id(), fields, true);
}

void GrpcStream::SubmitTrailersOnly() {
  head_sent_ = true;
  Http2Fields fields = HeadFields();
  AddStatus(trailers_, &fields);
  session().SubmitHead(id(), fields, false);
}

bool GrpcStream::SubmitTrailers() {
  if (trailers_.code == GrpcCode::kOk && trailers_.message.empty() && trailers_.metadata.empty()) {
    static const Http2Fields usual = StatusFields({});
    session().SubmitTrailers(id(), usual);
  } else {
    session().SubmitTrailers(id(), StatusFields(trailers_));
  }
  return true;
}

void GrpcStream::SendMetadata(GrpcMetadata metadata) {
  {
    MutexLock lock(mutex_);
    if (status_ || over_) return;
    metadata_ = std::move(metadata);
  }
  Wake();
}

bool GrpcStream::Send(GrpcMessage message) { return Queue(std::move(message), std::nullopt); }

void GrpcStream::SendAndFinish(GrpcMessage message) { Queue(std::move(message), GrpcStatus{}); }

void GrpcStream::Finish(GrpcStatus status) {
  {
    MutexLock lock(mutex_);
    if (status_ || over_) return;
    status_ = std::move(status);
  }
  Wake();
}

bool GrpcStream::Queue(GrpcMessage message, std::optional<GrpcStatus> status) {
  const bool compressed = answer_encoding_ != ContentEncoding::kIdentity && CompressMessage(answer_encoding_, &message);
  if (SizeOf(message) > UINT32_MAX) {
    Fail(GrpcCode::kResourceExhausted, "the response is longer than a gRPC message can be");
    return false;
  }
  if (unread().IsTooMuch()) {
    Fail(GrpcCode::kResourceExhausted, "the client does not read its responses");
    return false;
  }
  {
    MutexLock lock(mutex_);
    if (status_ || over_) return false;
    AppendToAnswer(std::move(message), compressed);
    status_ = std::move(status);
  }
  Wake();
  return true;
}

void GrpcStream::AppendToAnswer(GrpcMessage message, bool compressed) {
  const size_t size = SizeOf(message);
  unread().Add(kPrefixBytes + size);
  BlockString text = Prefix(compressed, size);
  if (kPrefixBytes + size <= Http2Piece::kCopyBytes) {
    text.reserve(kPrefixBytes + size);
    text.append(message.head);
    for (const BodyPart& part : message.parts) text.append(part.data, part.size);
    answer_.push_back(Http2Piece::Short(std::move(text)));
    return;  // `release` goes with the message
  }
  answer_.push_back(Http2Piece::Short(std::move(text)));
  if (!message.head.empty()) answer_.push_back(Http2Piece::Own(std::move(message.head)));
  for (const BodyPart& part : message.parts) {
    if (part.size > 0) answer_.push_back(Http2Piece::Borrow(part.data, part.size, message.release));
  }
}

void GrpcStream::Fail(GrpcCode code, std::string message) { Fail({code, std::move(message)}); }

void GrpcStream::Fail(GrpcStatus status) {
  Http2Pieces dropped;
  {
    MutexLock lock(mutex_);
    if (status_ || over_) return;
    status_ = std::move(status);
    drop_answer_ = cancel_wanted_ = cancel_comes_ = true;
    dropped.swap(answer_);
  }
  Wake();
}

}  // namespace neso::net
