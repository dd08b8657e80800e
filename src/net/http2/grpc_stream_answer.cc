// A gRPC call's way out: what its method sends, as head, messages and trailers of the stream.
#include "net/http2/grpc_stream.h"

#include <utility>

#include "net/http2/grpc_metadata.h"
#include "net/http2/grpc_prefix.h"
#include "net/http2/grpc_text.h"
#include "net/http2/http2_fields.h"
#include "net/http2/http2_session.h"

namespace neso::net {
namespace {

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

void AddStatus(const GrpcStatus& status, Http2Fields* fields) {
  fields->AddFixed("grpc-status", GrpcCodeText(status.code));
  if (!status.message.empty()) fields->AddOwned("grpc-message", EncodeGrpcMessage(status.message));
  AddGrpcMetadata(status.metadata, *fields);
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
  *message = {.head = BlockString(*compressed), .parts = {}, .release = nullptr};
  return true;
}

}  // namespace

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
  AddGrpcMetadata(metadata, fields);
  session().SubmitHead(id(), fields, true);
}

void GrpcStream::SubmitTrailersOnly() {
  head_sent_ = true;
  context().load.answers.Count(static_cast<unsigned>(trailers_.code));
  Http2Fields fields = HeadFields();
  AddStatus(trailers_, &fields);
  session().SubmitHead(id(), fields, false);
}

bool GrpcStream::SubmitTrailers() {
  context().load.answers.Count(static_cast<unsigned>(trailers_.code));
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
    Fail(GrpcCode::kResourceExhausted, unread().TooMuchText());
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
  unread().Add(kGrpcPrefixBytes + size);
  const GrpcPrefix prefix(compressed, size);
  if (kGrpcPrefixBytes + size <= Http2Piece::kCopyBytes) {
    message.head.insert(0, prefix.view());
    for (const BodyPart& part : message.parts) message.head.append(part.data, part.size);
    answer_.push_back(Http2Piece::Short(std::move(message.head)));
    return;  // `release` goes with the message
  }
  answer_.push_back(Http2Piece::Short(BlockString(prefix.view())));
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
