#include "net/http2/http2_stream.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "net/http2/http2_session.h"
#include "net/reactor/answer_cork.h"

namespace neso::net {

Http2Stream::Http2Stream(Http2Session& session, int32_t id, size_t head_bytes)
    : connection_(session.connection().shared_from_this()),
      session_(session),
      id_(id),
      head_bytes_(head_bytes),
      unread_(connection_->account()) {
  session_.NoteLiveStream(+1);
  context().load.requests.fetch_add(1, std::memory_order_relaxed);
}

Http2Stream::~Http2Stream() {
  connection_->account().Remove(ClientAccount::kHeads, head_bytes_);
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
  if (data_bytes_ == 0 && !data_ended_) {
    deferred_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  const size_t prepared = std::min(size, data_bytes_);
  if (prepared == data_bytes_ && data_ended_) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (SubmitTrailers()) *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  }
  if (prepared > Http2Piece::kCopyBytes) {
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  } else {
    TakeData(prepared, [&buffer](const Http2Piece&, std::string_view bytes) {
      buffer += bytes.copy(reinterpret_cast<char*>(buffer), bytes.size());
    });
  }
  return static_cast<ssize_t>(prepared);
}

void Http2Stream::MoveData(size_t size, Http2Output& output) {
  TakeData(size, [&output](const Http2Piece& piece, std::string_view bytes) {
    output.Borrow(bytes.data(), bytes.size(), piece.keep);
  });
}

template <typename Take>
void Http2Stream::TakeData(size_t size, Take take) {
  data_bytes_ -= size;
  unread_.Remove(size);
  session_.NoteFramed(size);
  while (size > 0) {
    Http2Piece& piece = data_[data_first_];
    const size_t moved = std::min(size, piece.size - data_offset_);
    take(piece, std::string_view(piece.data() + data_offset_, moved));
    size -= moved;
    data_offset_ += moved;
    if (data_offset_ == piece.size) {
      piece = {};
      data_first_++;
      data_offset_ = 0;
    }
  }
  if (data_first_ == data_.size()) {
    data_.clear();
    data_first_ = 0;
  }
}

void Http2Stream::SetDeadline(TimePoint deadline) {
  deadline_ = deadline;
  if (deadline != kNever) session_.NoteStreamDeadline(deadline);
}

void Http2Stream::Push(Http2Piece piece) {
  if (piece.size == 0) return;
  data_bytes_ += piece.size;
  data_.push_back(std::move(piece));
}

void Http2Stream::PushAll(Http2Pieces pieces) {
  for (const Http2Piece& piece : pieces) data_bytes_ += piece.size;
  if (data_.empty()) return data_.swap(pieces);
  data_.insert(data_.end(), std::make_move_iterator(pieces.begin()), std::make_move_iterator(pieces.end()));
}

void Http2Stream::DropData() {
  if (data_.empty()) return;
  unread_.Remove(data_bytes_);
  data_.clear();
  data_first_ = data_offset_ = data_bytes_ = 0;
}

void Http2Stream::Resume() {
  if (deferred_ && !closed_ && (data_bytes_ > 0 || data_ended_)) {
    deferred_ = false;
    session_.Resume(id_);
  }
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
