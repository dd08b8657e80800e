#include "net/http2/http2_stream_order.h"

#include <algorithm>

namespace neso::net {

uint32_t Http2StreamOrder::Check(const Http2FrameHeader& frame, bool is_open) const {
  if (frame.type == NGHTTP2_PRIORITY) return NGHTTP2_PROTOCOL_ERROR;
  if (is_open || IsForgiven(frame.stream)) return NGHTTP2_NO_ERROR;
  const bool was_skipped = frame.stream >= skipped_from_ && frame.stream <= skipped_to_;
  return was_skipped ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_STREAM_CLOSED;
}

void Http2StreamOrder::Forgive(int32_t stream) {
  if (stream == 0 || IsForgiven(stream)) return;
  if (forgiven_.size() == kMaxForgiven) {
    const auto kept = forgiven_.begin() + kMaxForgiven / 2;
    forgotten_ = std::max(forgotten_, *std::max_element(forgiven_.begin(), kept));
    forgiven_.erase(forgiven_.begin(), kept);
  }
  forgiven_.push_back(stream);
}

bool Http2StreamOrder::IsForgiven(int32_t stream) const {
  return stream <= forgotten_ || stream > last_handled_ ||
         std::find(forgiven_.begin(), forgiven_.end(), stream) != forgiven_.end();
}

}  // namespace neso::net
