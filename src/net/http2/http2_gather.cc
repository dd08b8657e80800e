#include "net/http2/http2_gather.h"

#include <algorithm>

namespace neso::net {
namespace {

constexpr size_t kFrameHeader = 9;
// Smaller frames are cheaper copied than read to so many places.
constexpr size_t kLeastFrame = 8 * 1024;

}  // namespace

Http2Gather::Http2Gather(std::span<char> room, size_t left, size_t frame_bytes, std::span<char> scratch) {
  size_t payload = std::min(left, room.size());
  while (payload > 0) {
    pieces_[count_++] = {room.data(), payload};
    room = room.subspan(payload);
    payload = frame_bytes < kLeastFrame || count_ + 3 > pieces_.size() ? 0 : std::min(frame_bytes, room.size());
    if (payload == 0) break;
    pieces_[count_++] = {scratch.data(), kFrameHeader};
    scratch = scratch.subspan(kFrameHeader);
  }
  pieces_[count_++] = {scratch.data(), scratch.size()};
}

std::string Http2Gather::Rest(size_t piece, size_t bytes) const {
  std::string rest;
  rest.reserve(bytes);
  for (; bytes > 0 && piece < count_; piece++) {
    const size_t size = std::min(bytes, pieces_[piece].iov_len);
    rest.append(static_cast<const char*>(pieces_[piece].iov_base), size);
    bytes -= size;
  }
  return rest;
}

}  // namespace neso::net
