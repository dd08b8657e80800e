#include "net/http2/http2_output.h"

#include <array>
#include <utility>

#include "base/memory_budget.h"

namespace neso::net {
namespace {

constexpr size_t kPiecesPerWrite = 64;
constexpr size_t kFullPiece = 16 * 1024;  // copied bytes beyond it start a new piece
constexpr size_t kSpareBytes = 4 * kFullPiece;

// What a burst of answers has made grow serves the next one, of whichever connection; idle ones keep nothing.
thread_local BlockString spare_text;

}  // namespace

template <typename Text>
Http2Piece Http2Piece::OwnText(Text&& text) {
  const size_t size = text.size();
  if (size <= kCopyBytes) return Short({text.data(), size});
  struct Kept {
    Text text;
    MemoryCharge charge;
  };
  auto kept = std::make_shared<Kept>(std::forward<Text>(text), MemoryCharge(size));
  const char* data = kept->text.data();
  return {{}, data, size, std::move(kept)};
}

Http2Piece Http2Piece::Own(std::string&& text) { return OwnText(std::move(text)); }
Http2Piece Http2Piece::Own(BlockString&& text) { return OwnText(std::move(text)); }

void Http2Output::Copy(std::string_view bytes) {
  if (pieces_.empty() || pieces_.back().borrowed != nullptr || pieces_.back().size >= kFullPiece)
    pieces_.emplace_back().owned.swap(spare_text);
  Http2Piece& piece = pieces_.back();
  piece.owned.append(bytes);
  piece.size += bytes.size();
  bytes_ += bytes.size();
}

void Http2Output::Borrow(const char* data, size_t size, const std::shared_ptr<void>& keep) {
  if (size <= Http2Piece::kCopyBytes) return Copy({data, size});
  pieces_.push_back(Http2Piece::Borrow(data, size, keep));
  bytes_ += size;
}

bool Http2Output::Flush(Transport& transport) {
  while (bytes_ > 0) {
    std::array<iovec, kPiecesPerWrite> vector;
    size_t count = 0;
    size_t offset = offset_;
    for (size_t i = first_; i < pieces_.size() && count < vector.size(); i++) {
      const Http2Piece& piece = pieces_[i];
      if (piece.size > offset) vector[count++] = {const_cast<char*>(piece.data()) + offset, piece.size - offset};
      offset = 0;
    }
    const IoResult result = transport.Write({vector.data(), count});
    if (result.state == IoResult::State::kWouldBlock) return true;
    if (result.state != IoResult::State::kOk) return false;
    Sent(result.bytes);
  }
  return true;
}

void Http2Output::Sent(size_t bytes) {
  bytes_ -= bytes;
  bytes += offset_;
  while (first_ < pieces_.size() && bytes >= pieces_[first_].size) {
    Http2Piece& piece = pieces_[first_];
    bytes -= piece.size;
    if (piece.owned.capacity() > spare_text.capacity() && piece.owned.capacity() <= kSpareBytes) {
      piece.owned.clear();
      piece.owned.swap(spare_text);
    }
    piece = {};
    first_++;
  }
  offset_ = bytes;
  if (first_ == pieces_.size()) {
    pieces_.clear();
    first_ = 0;
  } else if (first_ >= kPiecesPerWrite) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

}  // namespace neso::net
