#include "net/http2/nghttp2_memory.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/block_cache.h"

namespace neso::net {
namespace {

// nghttp2 does not say how large a block is that it gives back, so that stands before it.
constexpr size_t kBlockHead = alignof(std::max_align_t);
size_t& SizeOf(void* block) { return *static_cast<size_t*>(block); }
void* BlockOf(void* memory) { return static_cast<char*>(memory) - kBlockHead; }

void* Allocate(size_t size, void*) {
  if (size > SIZE_MAX - kBlockHead) return nullptr;
  void* const block = TryTakeBlock(size + kBlockHead);
  if (block == nullptr) return nullptr;
  SizeOf(block) = size + kBlockHead;
  return static_cast<char*>(block) + kBlockHead;
}
void Free(void* memory, void*) {
  if (memory != nullptr) GiveBlock(BlockOf(memory), SizeOf(BlockOf(memory)));
}
void* AllocateZeroes(size_t count, size_t size, void*) {
  if (size != 0 && count > SIZE_MAX / size) return nullptr;
  void* const memory = Allocate(count * size, nullptr);
  return memory == nullptr ? nullptr : std::memset(memory, 0, count * size);
}
void* Reallocate(void* memory, size_t size, void*) {
  if (memory == nullptr) return Allocate(size, nullptr);
  const size_t had = SizeOf(BlockOf(memory)) - kBlockHead;
  if (size <= had) return memory;
  void* const larger = Allocate(size, nullptr);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, memory, had);
  Free(memory, nullptr);
  return larger;
}

}  // namespace

nghttp2_mem Nghttp2Memory() { return {nullptr, Allocate, Free, AllocateZeroes, Reallocate}; }

}  // namespace neso::net
