// Knows where in the sequence of HTTP/2 frames a connection's input is, so that payload can be read from the socket to
// where it belongs and a frame can be looked at before it is handled. nghttp2 checks the frames; this only follows
// them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace neso::net {

struct Http2FrameHeader {
  uint8_t type = 0;
  uint8_t flags = 0;
  int32_t stream = 0;
  int32_t depends_on = 0;  // of PRIORITY frames
};

class Http2FrameTracker {
 public:
  // `bytes` came next. Returns how many of them were looked at: all, or as many as complete the header of a frame.
  size_t Advance(std::string_view bytes) {
    begins_frame_ = false;
    const size_t skipped = header_bytes_ == 0 ? std::min(left_, bytes.size()) : 0;
    left_ -= skipped;
    size_t at = skipped;
    while (at < bytes.size()) {
      const size_t taken = std::min(wanted_ - header_bytes_, bytes.size() - at);
      std::memcpy(header_ + header_bytes_, bytes.data() + at, taken);
      at += taken;
      header_bytes_ += taken;
      if (header_bytes_ < wanted_) break;
      if (wanted_ == kHeaderBytes && StartFrame()) continue;
      begins_frame_ = true;
      frame_.depends_on = wanted_ > kHeaderBytes ? StreamAt(kHeaderBytes) : 0;
      header_bytes_ = 0;
      wanted_ = kHeaderBytes;
      break;
    }
    return at;
  }

  // The last byte that was looked at completed the header of frame().
  bool begins_frame() const { return begins_frame_; }
  const Http2FrameHeader& frame() const { return frame_; }

  // The stream whose DATA comes next, 0 if something else does; and how many bytes of it are in this frame.
  int32_t data_stream() const { return left_ > 0 ? data_stream_ : 0; }
  size_t left() const { return left_; }
  bool IsBetweenFrames() const { return left_ == 0 && header_bytes_ == 0; }
  // The length of the current frame's payload.
  size_t frame_bytes() const { return frame_bytes_; }

 private:
  static constexpr size_t kPrefaceBytes = 24;
  static constexpr size_t kHeaderBytes = 9;
  static constexpr size_t kDependencyBytes = 4;  // of a PRIORITY frame, taken for a part of its header
  static constexpr uint8_t kPadded = 8;

  // True when more belongs to its header.
  bool StartFrame() {
    left_ = frame_bytes_ = size_t{header_[0]} << 16 | size_t{header_[1]} << 8 | header_[2];
    frame_ = {.type = header_[3], .flags = header_[4], .stream = StreamAt(5), .depends_on = 0};
    const bool plain_data = frame_.type == 0 && (frame_.flags & kPadded) == 0;
    data_stream_ = plain_data ? frame_.stream : 0;
    if (frame_.type != 2 || left_ < kDependencyBytes) return false;
    wanted_ += kDependencyBytes;
    left_ -= kDependencyBytes;
    return true;
  }

  int32_t StreamAt(size_t at) const {
    uint32_t id = 0;
    for (size_t i = 0; i < 4; i++) id = id << 8 | header_[at + i];
    return static_cast<int32_t>(id & 0x7fffffffu);
  }

  uint8_t header_[kHeaderBytes + kDependencyBytes] = {};
  size_t header_bytes_ = 0;
  size_t wanted_ = kHeaderBytes;
  size_t left_ = kPrefaceBytes;
  size_t frame_bytes_ = 0;
  bool begins_frame_ = false;
  Http2FrameHeader frame_;
  int32_t data_stream_ = 0;
};

}  // namespace neso::net
