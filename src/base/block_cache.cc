#include "base/block_cache.h"

#include <array>
#include <new>
#include <utility>

#include "base/pools_recycle.h"

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
struct Shelf {
  FreeBlock* first = nullptr;
  size_t room = 0;  // for so many more
};
struct Cache {
  std::array<Shelf, kLargest / kStep + 1> shelves;

  Cache() {
    for (size_t size_class = 1; size_class < shelves.size(); ++size_class) {
      shelves[size_class].room = kKeptBytes / (size_class * kStep);
    }
  }
};

// Pointers, since what is thread-local in the library has to be small (src/CMakeLists.txt), and without
// constructor and destructor, so that they cost nothing to look at and may be looked at until the thread is gone.
thread_local constinit Cache* cache = nullptr;
thread_local constinit bool is_closed = false;  // the thread ends

// Gives the blocks back when the thread ends; what is given back later is not kept.
struct Closing {
  ~Closing() {
    DropBlocks();
    is_closed = true;
    delete std::exchange(cache, nullptr);
  }
};

[[gnu::noinline, gnu::cold]] bool OpenCache() {
  if (is_closed) return false;
  cache = new (std::nothrow) Cache;
  thread_local Closing closing;
  static_cast<void>(&closing);
  return cache != nullptr;
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
  if (cache == nullptr) return ::operator new(kStep* size_class, std::nothrow);
  Shelf& shelf = cache->shelves[size_class];
  FreeBlock* const block = shelf.first;
  if (block == nullptr) return ::operator new(kStep* size_class, std::nothrow);
  shelf.first = block->next;
  ++shelf.room;
  __builtin_prefetch(shelf.first, 1);  // it was last touched many blocks ago, and is next
  return block;
}

void GiveBlock(void* block, size_t bytes) noexcept {
  if (!kPoolsRecycle || bytes > kLargest) return ::operator delete(block);
  if (block == nullptr) return;
  if (cache == nullptr && !OpenCache()) return ::operator delete(block);
  Shelf& shelf = cache->shelves[ClassOf(bytes)];
  if (shelf.room == 0) return ::operator delete(block);
  shelf.first = new (block) FreeBlock{shelf.first};
  --shelf.room;
}

void DropBlocks() noexcept {
  if (cache == nullptr) return;
  for (Shelf& shelf : cache->shelves) {
    for (; shelf.first != nullptr; ++shelf.room) ::operator delete(std::exchange(shelf.first, shelf.first->next));
  }
}

}  // namespace neso
