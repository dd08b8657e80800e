// Knows where in the sequence of HTTP/2 frames a connection's input is, so that payload can be read from the socket to
// where it belongs and a frame can be looked at before it is handled. nghttp2 checks the frames; this only follows
// them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
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
    for (size_t at = skipped; at < bytes.size();) {
      header_[header_bytes_++] = static_cast<uint8_t>(bytes[at++]);
      if (header_bytes_ == kHeaderBytes) StartFrame();
      if (header_bytes_ != wanted_) continue;
      begins_frame_ = true;
      frame_.depends_on = wanted_ > kHeaderBytes ? StreamAt(kHeaderBytes) : 0;
      header_bytes_ = 0;
      wanted_ = kHeaderBytes;
      return at;
    }
    return bytes.size();
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

  void StartFrame() {
    left_ = frame_bytes_ = size_t{header_[0]} << 16 | size_t{header_[1]} << 8 | header_[2];
    frame_ = {.type = header_[3], .flags = header_[4], .stream = StreamAt(5), .depends_on = 0};
    const bool plain_data = frame_.type == 0 && (frame_.flags & kPadded) == 0;
    data_stream_ = plain_data ? frame_.stream : 0;
    if (frame_.type == 2 && left_ >= kDependencyBytes) {
      wanted_ += kDependencyBytes;
      left_ -= kDependencyBytes;
    }
  }

  int32_t StreamAt(size_t at) const {
    const uint32_t id = uint32_t{header_[at]} << 24 | uint32_t{header_[at + 1]} << 16 | uint32_t{header_[at + 2]} << 8 |
                        header_[at + 3];
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
