// Whether a client keeps to the life of a stream: nothing comes after its end, and identifiers only grow (RFC 9113, 5.1
// and 5.1.1; 5.3.1 of RFC 7540). nghttp2 ignores frames of streams that it has forgotten, and it forgets closed ones at
// once here, since remembering them costs a quarter of a megabyte a connection.
//
//   if (!order.IsFine(frame)) error = order.Check(frame, IsOpen(frame.stream));
//
// What is on its way when the server ends a stream must be ignored, not punished: Forgive tells of such streams.
// Confined to the connection's strand.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <vector>

#include "net/http2/http2_frame_tracker.h"

namespace neso::net {

class Http2StreamOrder {
 public:
  // Every frame in turn, before it is handled. False if Check has to tell, once all before it is handled.
  bool IsFine(const Http2FrameHeader& frame) {
    switch (frame.type) {
      case NGHTTP2_HEADERS:
        if (frame.stream > last_) {
          Begin(frame.stream);
        } else if (frame.stream != sending_) {
          return false;
        }
        break;
      case NGHTTP2_DATA:
        if (frame.stream != sending_) return frame.stream > last_;  // an idle stream's is nghttp2's to refuse
        break;
      case NGHTTP2_RST_STREAM:
        if (frame.stream == sending_) sending_ = kNone;
        return true;
      case NGHTTP2_PRIORITY: return frame.stream != 0 && frame.stream != frame.depends_on;
      default: return true;
    }
    if (frame.flags & NGHTTP2_FLAG_END_STREAM) sending_ = kNone;
    return true;
  }
  // The error that the connection ends with, NGHTTP2_NO_ERROR if the frame may come.
  uint32_t Check(const Http2FrameHeader& frame, bool is_open) const;

  // The server has ended the stream, or never began it, whatever the client still sends.
  void Forgive(int32_t stream);
  // Streams above it are not handled any more.
  void ForgiveAbove(int32_t stream) { last_handled_ = stream; }

 private:
  static constexpr int32_t kNone = -1;
  static constexpr size_t kMaxForgiven = 128;

  void Begin(int32_t stream) {
    if (stream > last_ + 2) {
      skipped_from_ = last_ + 2;
      skipped_to_ = stream - 2;
    }
    sending_ = last_ = stream;
  }
  bool IsForgiven(int32_t stream) const;

  int32_t last_ = -1;
  int32_t sending_ = kNone;  // a stream that the client has not ended, if the last one it touched is such
  int32_t skipped_from_ = 0;
  int32_t skipped_to_ = -1;  // the last identifiers that were left out
  int32_t last_handled_ = INT32_MAX;
  int32_t forgotten_ = 0;  // whether a stream up to here was forgiven is not known any more
  std::vector<int32_t> forgiven_;
};

}  // namespace neso::net
