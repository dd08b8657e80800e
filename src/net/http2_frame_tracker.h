// Knows where in the sequence of HTTP/2 frames a connection's input is, so that payload can be read from the socket to
// where it belongs. nghttp2 checks the frames; this only follows them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace neso::net {

class Http2FrameTracker {
 public:
  // `bytes` came next.
  void Advance(std::string_view bytes) {
    while (!bytes.empty()) {
      if (left_ > 0) {
        const size_t skipped = std::min(left_, bytes.size());
        left_ -= skipped;
        bytes.remove_prefix(skipped);
        continue;
      }
      header_[header_bytes_++] = static_cast<uint8_t>(bytes.front());
      bytes.remove_prefix(1);
      if (header_bytes_ == sizeof header_) StartFrame();
    }
  }

  // The stream whose DATA comes next, 0 if something else does; and how many bytes of it are in this frame.
  int32_t data_stream() const { return left_ > 0 ? data_stream_ : 0; }
  size_t left() const { return left_; }
  bool IsBetweenFrames() const { return left_ == 0 && header_bytes_ == 0; }
  // The length of the current frame's payload.
  size_t frame_bytes() const { return frame_bytes_; }

 private:
  static constexpr size_t kPrefaceBytes = 24;
  static constexpr uint8_t kPadded = 8;

  void StartFrame() {
    header_bytes_ = 0;
    left_ = frame_bytes_ = size_t{header_[0]} << 16 | size_t{header_[1]} << 8 | header_[2];
    const uint32_t stream =
        uint32_t{header_[5]} << 24 | uint32_t{header_[6]} << 16 | uint32_t{header_[7]} << 8 | header_[8];
    const bool plain_data = header_[3] == 0 && (header_[4] & kPadded) == 0;
    data_stream_ = plain_data ? static_cast<int32_t>(stream & 0x7fffffffu) : 0;
  }

  uint8_t header_[9] = {};
  size_t header_bytes_ = 0;
  size_t left_ = kPrefaceBytes;
  size_t frame_bytes_ = 0;
  int32_t data_stream_ = 0;
};

}  // namespace neso::net
