#include "net/http1_body.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace neso::net {
namespace {

constexpr Http1Error kTooLarge{413, "request body too large"};
// Room that a chunk's announced size gets before its bytes have come.
constexpr size_t kTrustedChunkBytes = 1 << 20;

}  // namespace

Http1Error Http1Body::Start(const RequestFraming& framing, const BodyPolicy& policy) {
  *this = Http1Body();
  policy_ = policy;
  chunked_ = framing.chunked;
  if (chunked_ || framing.length == 0) return {};
  if (framing.length > policy.max_bytes) return kTooLarge;
  length_ = framing.length;
  buffer_ = Buffer::TryAllocate(length_, std::min(policy.aligned_offset, length_));
  return buffer_ ? Http1Error{} : kTooLarge;
}

Http1Error Http1Body::Consume(std::string_view& input) {
  if (!chunked_) {
    const std::string_view ours = input.substr(0, length_ - used_);
    if (!ours.empty()) std::memcpy(buffer_->data() + used_, ours.data(), ours.size());
    used_ += ours.size();
    input.remove_prefix(ours.size());
    return {};
  }
  for (std::string_view data = decoder_.Next(input); !data.empty(); data = decoder_.Next(input)) {
    const uint64_t chunk_left = decoder_.chunk_left();
    if (data.size() + chunk_left > policy_.max_bytes - used_) return kTooLarge;
    const size_t announced = std::min<uint64_t>(chunk_left, kTrustedChunkBytes);
    if (!Reserve(used_ + data.size() + announced)) return kTooLarge;
    std::memcpy(buffer_->data() + used_, data.data(), data.size());
    used_ += data.size();
  }
  return decoder_.error();
}

std::span<char> Http1Body::Direct() {
  if (chunked_ || !buffer_) return {};
  return buffer_->bytes().subspan(used_);
}

bool Http1Body::Reserve(size_t bytes) {
  if (buffer_ && bytes <= buffer_->size()) return true;
  const size_t size = buffer_ ? std::max(bytes, buffer_->size() * 2) : bytes;
  // Where the aligned byte will be does not depend on how long the body gets, so it may lie behind the end for now.
  // Only its place modulo the border matters.
  BufferRef larger = Buffer::TryAllocate(std::max(size, kTensorAlignment), policy_.aligned_offset % kTensorAlignment);
  if (!larger) return false;
  if (used_ > 0) std::memcpy(larger->data(), buffer_->data(), used_);
  buffer_ = std::move(larger);
  return true;
}

BufferRef Http1Body::Take() {
  if (used_ == 0) return {};
  buffer_->Shrink(used_);
  return std::move(buffer_);
}

}  // namespace neso::net
