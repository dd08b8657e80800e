#include "base/block_cache.h"

#include <array>
#include <cstdint>
#include <new>
#include <utility>

#include "base/pools_recycle.h"
#include "base/thread_owned.h"

namespace neso {
namespace {

constexpr size_t kStep = 64;
constexpr size_t kLargest = 1536;
// Of each size: some 64 calls' worth of the sizes that a call takes several of.
constexpr size_t kKeptBytes = 256 * 1024;

size_t ClassOf(size_t bytes) { return bytes == 0 ? 1 : (bytes + kStep - 1) / kStep; }

struct FreeBlock {
  FreeBlock* next;
};
// As large as what its thread has missed here: one that gives back what others take would keep blocks that nobody needs.
struct Shelf {
  FreeBlock* first = nullptr;
  uint32_t room = 0;  // for so many more
  uint32_t size = 0;  // with those that lie there
};
// Gives the blocks back when the thread ends; what is given back later is not kept.
struct Cache {
  std::array<Shelf, kLargest / kStep + 1> shelves;

  Cache() = default;
  ~Cache() { Drop(); }
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  void Drop() {
    for (Shelf& shelf : shelves) {
      for (; shelf.first != nullptr; ++shelf.room) ::operator delete(std::exchange(shelf.first, shelf.first->next));
    }
  }
};
using OwnCache = ThreadOwned<Cache>;

}  // namespace

void* TakeBlock(size_t bytes) {
  void* const block = TryTakeBlock(bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void* TryTakeBlock(size_t bytes) noexcept {
  if (!kPoolsRecycle || bytes > kLargest) return ::operator new(bytes, std::nothrow);
  const size_t size_class = ClassOf(bytes);
  Cache* const cache = OwnCache::Find();
  if (cache == nullptr) return ::operator new(kStep* size_class, std::nothrow);
  Shelf& shelf = cache->shelves[size_class];
  FreeBlock* const block = shelf.first;
  if (block == nullptr) {
    if (shelf.size < kKeptBytes / (size_class * kStep)) {
      ++shelf.size;
      ++shelf.room;
    }
    return ::operator new(kStep* size_class, std::nothrow);
  }
  shelf.first = block->next;
  ++shelf.room;
  __builtin_prefetch(shelf.first, 1);  // it was last touched many blocks ago, and is next
  return block;
}

void GiveBlock(void* block, size_t bytes) noexcept {
  if (!kPoolsRecycle || bytes > kLargest) return ::operator delete(block);
  if (block == nullptr) return;
  Cache* const cache = OwnCache::Get();
  if (cache == nullptr) return ::operator delete(block);
  Shelf& shelf = cache->shelves[ClassOf(bytes)];
  if (shelf.room == 0) return ::operator delete(block);
  shelf.first = new (block) FreeBlock{shelf.first};
  --shelf.room;
}

void DropBlocks() noexcept {
  if (Cache* const cache = OwnCache::Find()) cache->Drop();
}

}  // namespace neso
