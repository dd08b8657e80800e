#include "net/http2/http2_stream.h"

#include <nghttp2/nghttp2.h>

#include <utility>

#include "base/memory_budget.h"
#include "net/http2/http2_session.h"
#include "net/reactor/answer_cork.h"

namespace neso::net {
namespace {
// What an open request takes beside its head, with its call and what nghttp2 knows of it (measured: 2.1 KB).
constexpr size_t kStreamBytes = 2048;
}  // namespace

Http2Stream::Http2Stream(Http2Session& session, int32_t id, size_t head_bytes)
    : connection_(session.connection().shared_from_this()),
      session_(session),
      id_(id),
      head_bytes_(head_bytes),
      unread_(connection_->account()) {
  session_.NoteLiveStream(+1);
  MemoryBudget::ChargeSmall(head_bytes_ + kStreamBytes);
  context().load.requests.fetch_add(1, std::memory_order_relaxed);
}

Http2Stream::~Http2Stream() {
  connection_->account().Remove(ClientAccount::kHeads, head_bytes_);
  MemoryBudget::ReleaseSmall(head_bytes_ + kStreamBytes);
  session_.NoteLiveStream(-1);
  context().load.requests.fetch_sub(1, std::memory_order_relaxed);
}

void Http2Stream::Close() {
  if (std::exchange(closed_, true)) return;
  DropData();
  HoldUnfinished(0);
  OnClose();
  unread_.Clear();  // what was queued and not pushed, too: nothing is added after OnClose
}

bool Http2Stream::HoldUnfinished(size_t bytes) {
  if (bytes == unfinished_) return true;
  ClientAccount& account = connection_->account();
  if (bytes > unfinished_) {
    account.Add(ClientAccount::kUnfinished, bytes - unfinished_);
  } else {
    account.Remove(ClientAccount::kUnfinished, unfinished_ - bytes);
  }
  unfinished_ = bytes;
  // One alone may be as long as a message can be.
  return !account.IsOver(ClientAccount::kUnfinished) || account.Held(ClientAccount::kUnfinished) == bytes;
}

ssize_t Http2Stream::PrepareData(uint8_t* buffer, size_t size, uint32_t* flags) {
  const size_t had = data_.bytes();
  const ssize_t prepared = data_.Prepare(buffer, size, flags);
  if ((*flags & NGHTTP2_DATA_FLAG_EOF) != 0 && SubmitTrailers()) *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  NoteFramed(had - data_.bytes());
  return prepared;
}

void Http2Stream::MoveData(size_t size, Http2Output& output) {
  NoteFramed(size);
  data_.MoveTo(output, size);
}

void Http2Stream::NoteFramed(size_t bytes) {
  unread_.Remove(bytes);
  session_.NoteFramed(bytes);
}

void Http2Stream::SetDeadline(TimePoint deadline) {
  deadline_ = deadline;
  if (deadline != kNever) session_.NoteStreamDeadline(deadline);
}

void Http2Stream::DropData() {
  if (!HasData()) return;
  unread_.Remove(data_.bytes());
  data_.Clear();
}

void Http2Stream::Resume() {
  if (!closed_ && data_.TakeResume()) session_.Resume(id_);
}

void Http2Stream::Wake() noexcept {
  if (posted_.exchange(true, std::memory_order_acq_rel)) return;  // whoever posted it enters too
  session_.Post(shared_from_this());
  // A large answer leaves while the processor's caches still have it.
  constexpr size_t kSmall = 64 * 1024;
  if (session_.HasSeveralStreams() && unread_.bytes() <= kSmall) {
    if (AnswerCork* cork = AnswerCork::Current(); cork != nullptr && cork->Add(connection_)) return;
  }
  connection_->Enter(kAnswer, nullptr);
}

}  // namespace neso::net
