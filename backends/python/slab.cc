#include "slab.h"

#include <algorithm>
#include <iterator>

#include "protocol.h"

namespace neso::python {

Slab::Slab(const Segment& segment) : segment_(segment), home_(segment.region()) {
  AddFree(home_ + kHomeSize, segment.region_size() - kHomeSize);
}

std::optional<uint64_t> Slab::Allocate(uint64_t size) {
  if (size > segment_.region_size()) return std::nullopt;
  size = std::max((size + kTensorAlignment - 1) & ~(kTensorAlignment - 1), kTensorAlignment);
  const std::lock_guard lock(mutex_);
  if (!home_block_ && size <= kHomeSize) {
    home_block_ = Block{.size = kHomeSize};
    return home_;
  }
  const auto found = by_size_.lower_bound({size, 0});
  if (found == by_size_.end()) return std::nullopt;
  const auto [found_size, offset] = *found;
  by_size_.erase(found);
  free_.erase(offset);
  if (found_size > size) {
    free_[offset + size] = found_size - size;
    by_size_.insert({found_size - size, offset + size});
  }
  used_[offset] = Block{.size = size};
  return offset;
}

Slab::Block* Slab::Find(uint64_t offset) {
  if (offset == home_) return home_block_ ? &*home_block_ : nullptr;
  const auto found = used_.find(offset);
  return found != used_.end() ? &found->second : nullptr;
}

bool Slab::Release(uint64_t offset) {
  const std::lock_guard lock(mutex_);
  Block* const block = Find(offset);
  if (block == nullptr || block->is_released) return false;
  block->is_released = true;
  if (block->holders == 0) Free(offset, block->size);
  return true;
}

bool Slab::Hold(uint64_t offset) {
  const std::lock_guard lock(mutex_);
  Block* const block = Find(offset);
  if (block == nullptr || block->is_released) return false;
  ++block->holders;
  return true;
}

void Slab::Return(uint64_t offset) {
  const std::lock_guard lock(mutex_);
  Block* const block = Find(offset);
  if (block == nullptr || block->holders == 0) return;
  if (--block->holders == 0 && block->is_released) Free(offset, block->size);
}

void Slab::Free(uint64_t offset, uint64_t size) {
  if (offset == home_) return home_block_.reset();
  used_.erase(offset);
  const uint64_t kept_end = std::max(offset, home_ + Segment::kKept);
  if (offset + size > kept_end) segment_.Discard(kept_end, offset + size - kept_end);
  AddFree(offset, size);
}

void Slab::AddFree(uint64_t offset, uint64_t size) {
  const auto next = free_.lower_bound(offset);
  if (next != free_.end() && offset + size == next->first) {
    size += next->second;
    by_size_.erase({next->second, next->first});
    free_.erase(next);
  }
  const auto after = free_.lower_bound(offset);
  if (after != free_.begin()) {
    const auto previous = std::prev(after);
    if (previous->first + previous->second == offset) {
      offset = previous->first;
      size += previous->second;
      by_size_.erase({previous->second, previous->first});
      free_.erase(previous);
    }
  }
  free_[offset] = size;
  by_size_.insert({size, offset});
}

}  // namespace neso::python
