#include "net/http1/http1_body.h"

#include <algorithm>

#include "base/memory_budget.h"

namespace neso::net {
namespace {

constexpr Http1Error kTooLarge{413, "request body too large"};
constexpr Http1Error kNoMemory{503, "the server has no memory for the request body now; try again later"};
// Room that a chunk's announced size gets before its bytes have come.
constexpr size_t kTrustedChunkBytes = 1 << 20;

}  // namespace

Http1Error Http1Body::Start(const RequestFraming& framing, const BodyPolicy& policy) {
  chunked_ = framing.chunked;
  max_bytes_ = policy.max_bytes;
  if (chunked_) {
    buffer_.StartUnknown(policy.aligned_offset);
    return {};
  }
  length_ = framing.length;
  if (length_ > max_bytes_ || length_ > MemoryBudget::OfProcess().limit()) return kTooLarge;
  return buffer_.Start(length_, policy.aligned_offset) ? Http1Error{} : kNoMemory;
}

Http1Error Http1Body::Consume(std::string_view& input) {
  if (chunked_) return ConsumeChunks(input);
  const std::string_view ours = input.substr(0, length_ - buffer_.size());
  input.remove_prefix(ours.size());
  return buffer_.Append(ours) ? Http1Error{} : kNoMemory;
}

Http1Error Http1Body::ConsumeChunks(std::string_view& input) {
  for (std::string_view data = decoder_.Next(input); !data.empty(); data = decoder_.Next(input)) {
    const uint64_t chunk_left = decoder_.chunk_left();
    if (data.size() + chunk_left > max_bytes_ - buffer_.size()) return kTooLarge;
    const size_t announced = std::min<uint64_t>(chunk_left, kTrustedChunkBytes);
    if (!buffer_.Expect(data.size() + announced) || !buffer_.Append(data)) return kNoMemory;
  }
  return decoder_.error();
}

Http1Error Http1Body::Filled(size_t bytes) { return buffer_.Filled(bytes) ? Http1Error{} : kNoMemory; }

BufferRef Http1Body::Take() { return buffer_.size() == 0 ? BufferRef() : buffer_.Take(); }

}  // namespace neso::net
