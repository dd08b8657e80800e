#include "net/http2/http2_outgoing.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <iterator>

namespace neso::net {

void Http2Outgoing::Push(Http2Piece piece) {
  if (piece.size == 0) return;
  bytes_ += piece.size;
  pieces_.push_back(std::move(piece));
}

void Http2Outgoing::PushAll(Http2Pieces pieces) {
  for (const Http2Piece& piece : pieces) bytes_ += piece.size;
  if (pieces_.empty()) return pieces_.swap(pieces);
  pieces_.insert(pieces_.end(), std::make_move_iterator(pieces.begin()), std::make_move_iterator(pieces.end()));
}

void Http2Outgoing::Clear() {
  pieces_.clear();
  first_ = offset_ = bytes_ = 0;
}

ssize_t Http2Outgoing::Prepare(uint8_t* buffer, size_t size, uint32_t* flags) {
  if (bytes_ == 0 && !is_ended_) {
    is_deferred_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  const size_t prepared = std::min(size, bytes_);
  if (prepared == bytes_ && is_ended_) *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (prepared > Http2Piece::kCopyBytes) {
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  } else {
    TakeBytes(prepared, [&buffer](const Http2Piece&, std::string_view bytes) {
      buffer += bytes.copy(reinterpret_cast<char*>(buffer), bytes.size());
    });
  }
  return static_cast<ssize_t>(prepared);
}

void Http2Outgoing::MoveTo(Http2Output& output, size_t size) {
  TakeBytes(size, [&output](const Http2Piece& piece, std::string_view bytes) {
    output.Borrow(bytes.data(), bytes.size(), piece.keep);
  });
}

template <typename Take>
void Http2Outgoing::TakeBytes(size_t size, Take take) {
  bytes_ -= size;
  while (size > 0) {
    Http2Piece& piece = pieces_[first_];
    const size_t moved = std::min(size, piece.size - offset_);
    take(piece, std::string_view(piece.data() + offset_, moved));
    size -= moved;
    offset_ += moved;
    if (offset_ == piece.size) {
      piece = {};
      first_++;
      offset_ = 0;
    }
  }
  if (first_ == pieces_.size()) {
    pieces_.clear();
    first_ = 0;
  }
}

}  // namespace neso::net
