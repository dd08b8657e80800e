#include "base/block_cache.h"

#include <array>
#include <new>
#include <utility>

#include "base/pools_recycle.h"

namespace neso {
namespace {

constexpr size_t kStep = 64;
constexpr size_t kLargest = 1536;
constexpr size_t kKeptBytes = 64 * 1024;  // of each size: some 64 calls' worth

size_t ClassOf(size_t bytes) { return bytes == 0 ? 1 : (bytes + kStep - 1) / kStep; }

struct FreeBlock {
  FreeBlock* next;
};

// Without constructor and destructor, so that it costs nothing to look at, and may be looked at until the thread is
// gone.
struct Shelf {
  FreeBlock* first;
  size_t room;  // for so many more; none before the first is given back
  bool is_open;
};
struct Cache {
  std::array<Shelf, kLargest / kStep + 1> shelves;
  bool is_closed;  // the thread ends
};
thread_local constinit Cache cache{};

// Gives the blocks back when the thread ends; what is given back later is not kept.
struct Closing {
  ~Closing() {
    DropBlocks();
    cache.is_closed = true;
    for (Shelf& shelf : cache.shelves) shelf.room = 0;
  }
};

// Makes the room of a shelf that has none yet. False if there is no more.
[[gnu::noinline, gnu::cold]] bool MakeRoom(size_t size_class) {
  Shelf& shelf = cache.shelves[size_class];
  if (cache.is_closed || std::exchange(shelf.is_open, true)) return false;
  thread_local Closing closing;
  static_cast<void>(&closing);
  shelf.room = kKeptBytes / (size_class * kStep);
  return true;
}

}  // namespace

void* TakeBlock(size_t bytes) {
  void* const block = TryTakeBlock(bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void* TryTakeBlock(size_t bytes) noexcept {
  if (!kPoolsRecycle || bytes > kLargest) return ::operator new(bytes, std::nothrow);
  const size_t size_class = ClassOf(bytes);
  Shelf& shelf = cache.shelves[size_class];
  FreeBlock* const block = shelf.first;
  if (block == nullptr) return ::operator new(kStep* size_class, std::nothrow);
  shelf.first = block->next;
  ++shelf.room;
  return block;
}

void GiveBlock(void* block, size_t bytes) noexcept {
  if (!kPoolsRecycle || bytes > kLargest) return ::operator delete(block);
  if (block == nullptr) return;
  const size_t size_class = ClassOf(bytes);
  Shelf& shelf = cache.shelves[size_class];
  if (shelf.room == 0 && !MakeRoom(size_class)) return ::operator delete(block);
  shelf.first = new (block) FreeBlock{shelf.first};
  --shelf.room;
}

void DropBlocks() noexcept {
  for (Shelf& shelf : cache.shelves) {
    for (; shelf.first != nullptr; ++shelf.room) ::operator delete(std::exchange(shelf.first, shelf.first->next));
  }
}

}  // namespace neso
