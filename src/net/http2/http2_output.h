// The sending side of an HTTP/2 connection: frames wait here for the socket, payload without being copied. Confined to
// the connection's strand.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/block_cache.h"
#include "net/transport.h"

namespace neso::net {

// Bytes to send: short ones are kept, others are borrowed from what `keep` keeps alive.
struct Http2Piece {
  // Payload up to this size is cheaper copied than given its own place in a vector of pieces.
  static constexpr size_t kCopyBytes = 1024;

  static Http2Piece Own(std::string&& text);
  static Http2Piece Own(BlockString&& text);
  // At most kCopyBytes.
  static Http2Piece Short(BlockString&& text) {
    const size_t size = text.size();
    return {std::move(text), nullptr, size, nullptr};
  }
  static Http2Piece Borrow(const char* data, size_t size, std::shared_ptr<void> keep) {
    return {{}, data, size, std::move(keep)};
  }

  BlockString owned;  // if `borrowed` is null
  const char* borrowed = nullptr;
  size_t size = 0;
  std::shared_ptr<void> keep;
  const char* data() const { return borrowed != nullptr ? borrowed : owned.data(); }

 private:
  template <typename Text>
  static Http2Piece OwnText(Text&& text);
};

using Http2Pieces = std::vector<Http2Piece, BlockAllocator<Http2Piece>>;

class Http2Output {
 public:
  void Copy(std::string_view bytes);
  void Borrow(const char* data, size_t size, const std::shared_ptr<void>& keep);
  // Writes what the socket takes. False when the connection is lost.
  bool Flush(Transport& transport);

  size_t pending_bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }

 private:
  void Sent(size_t bytes);

  Http2Pieces pieces_;
  size_t first_ = 0;   // pieces before it are sent
  size_t offset_ = 0;  // of the first piece
  size_t bytes_ = 0;
};

}  // namespace neso::net
