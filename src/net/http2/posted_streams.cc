#include "net/http2/posted_streams.h"

#include "net/http2/http2_stream.h"

namespace neso::net {

void PostedStreams::Push(std::shared_ptr<Http2Stream> stream) {
  Http2Stream* const pushed = stream.get();
  Link& link = pushed->posted_link();
  link.self = std::move(stream);
  link.next = last_.load(std::memory_order_relaxed);
  // Nobody takes single streams from the end, so an end that looks the same is the same.
  while (!last_.compare_exchange_weak(link.next, pushed, std::memory_order_release, std::memory_order_relaxed)) {
  }
}

void PostedStreams::Collect() {
  Http2Stream* stream = last_.exchange(nullptr, std::memory_order_acquire);
  while (stream != nullptr) {
    Http2Stream* const before = std::exchange(stream->posted_link().next, collected_);
    collected_ = std::exchange(stream, before);
  }
}

std::shared_ptr<Http2Stream> PostedStreams::Pop() {
  if (collected_ == nullptr) return nullptr;
  Link& link = collected_->posted_link();
  collected_ = link.next;
  return std::move(link.self);
}

}  // namespace neso::net
