#include "base/buffer.h"

#include <malloc.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <new>

#include "base/block_cache.h"
#include "base/check.h"
#include "base/memory_budget.h"
#include "base/mutex.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NESO_ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define NESO_ADDRESS_SANITIZER
#endif
#ifdef NESO_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

namespace neso {
namespace {

// Below this malloc serves: it is fast there and does not give pages back with every free.
constexpr size_t kSmallestPooled = 32 * 1024;
constexpr size_t kLargestPooled = 256u << 20;
// Four classes to the doubling: at most a quarter of a block is unused address space, and less of it is ever touched.
constexpr int kStepsPerDoubling = 4;
constexpr int kClassCount = 13 * kStepsPerDoubling + 1;
constexpr size_t kMaxPooledBytes = 128u << 20;  // idle blocks of one class above this go back at once
constexpr uint32_t kHeap = INT32_MAX;           // size classes of blocks that no pool takes
constexpr uint32_t kMapped = INT32_MAX - 1;
constexpr uint32_t kBorrowed = INT32_MAX - 2;
constexpr size_t kChargeStride = 1u << 20;

std::atomic<size_t> mapped_bytes{0};  // of blocks that are too large for the pools

struct FreeBlock {
  FreeBlock* next;
};

// Whom borrowed memory goes back to; behind the header.
struct Lender {
  Buffer::GiveBack give_back;
  void* owner;
};
constexpr size_t kBorrowedHeader = sizeof(Buffer) + sizeof(Lender);

// The blocks of one size that nobody uses. Thread-safe.
struct Pool {
  Mutex mutex;
  FreeBlock* first GUARDED_BY(mutex) = nullptr;
  size_t count GUARDED_BY(mutex) = 0;
  size_t lent GUARDED_BY(mutex) = 0;       // blocks that will come back
  size_t low_water GUARDED_BY(mutex) = 0;  // the fewest free blocks since the last decay: they were not needed
};

std::array<Pool, kClassCount>& Pools() {
  static auto* pools = new std::array<Pool, kClassCount>;  // never destroyed: buffers outlive static objects
  return *pools;
}

// The smallest class whose blocks hold `bytes`, and the size of its blocks.
uint32_t ClassOf(size_t bytes, size_t* block_bytes) {
  if (bytes <= kSmallestPooled) {
    *block_bytes = kSmallestPooled;
    return 0;
  }
  const int log2 = std::bit_width(bytes - 1) - 1;  // 2^log2 < bytes <= 2^(log2 + 1)
  const size_t step = (size_t{1} << log2) / kStepsPerDoubling;
  const size_t steps = (bytes - (size_t{1} << log2) + step - 1) / step;  // 1..kStepsPerDoubling
  *block_bytes = (size_t{1} << log2) + steps * step;
  const int doublings = log2 - (std::bit_width(kSmallestPooled) - 1);
  return static_cast<uint32_t>(doublings * kStepsPerDoubling + static_cast<int>(steps));
}

void* Map(size_t bytes) {
  void* block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return block == MAP_FAILED ? nullptr : block;
}

void* TakeFromPool(uint32_t size_class, size_t block_bytes) {
  Pool& pool = Pools()[size_class];
  {
    MutexLock lock(pool.mutex);
    pool.lent++;
    if (pool.first != nullptr) {
      FreeBlock* block = pool.first;
      pool.first = block->next;
      pool.count--;
      pool.low_water = std::min(pool.low_water, pool.count);
      ASAN_UNPOISON_MEMORY_REGION(block, block_bytes);
      return block;
    }
  }
  void* const block = Map(block_bytes);
  if (block == nullptr) {
    MutexLock lock(pool.mutex);
    pool.lent--;
  }
  return block;
}

void GiveToPool(uint32_t size_class, size_t block_bytes, void* memory) {
  Pool& pool = Pools()[size_class];
  {
    MutexLock lock(pool.mutex);
    pool.lent--;
    if ((pool.count + 1) * block_bytes <= kMaxPooledBytes) {
      auto* block = new (memory) FreeBlock{pool.first};
      pool.first = block;
      pool.count++;
      ASAN_POISON_MEMORY_REGION(reinterpret_cast<char*>(block) + sizeof(FreeBlock), block_bytes - sizeof(FreeBlock));
      return;
    }
  }
  munmap(memory, block_bytes);
}

size_t BytesOfBlock(uint32_t size_class) {
  const size_t base = kSmallestPooled << ((size_class == 0 ? 0 : size_class - 1) / kStepsPerDoubling);
  const size_t steps = size_class == 0 ? 0 : (size_class - 1) % kStepsPerDoubling + 1;
  return base + base / kStepsPerDoubling * steps;
}

// Unmaps free blocks of a pool: all, or those not needed since the last decay. Returns how many there are still, lent
// ones included.
size_t Shed(uint32_t size_class, bool all) {
  Pool& pool = Pools()[size_class];
  FreeBlock* shed = nullptr;
  size_t left = 0;
  {
    MutexLock lock(pool.mutex);
    for (size_t n = all ? pool.count : pool.low_water; n > 0; n--) {
      FreeBlock* block = pool.first;
      pool.first = block->next;
      block->next = shed;
      shed = block;
      pool.count--;
    }
    pool.low_water = pool.count;
    left = pool.count + pool.lent;
  }
  const size_t block_bytes = BytesOfBlock(size_class);
  while (shed != nullptr) {
    FreeBlock* next = shed->next;
    ASAN_UNPOISON_MEMORY_REGION(shed, block_bytes);
    munmap(shed, block_bytes);
    shed = next;
  }
  return left;
}

}  // namespace

BufferRef Buffer::TryAllocate(size_t size, size_t aligned_offset, BufferCharge charge) noexcept {
  CHECK(aligned_offset <= size, "the aligned byte lies inside the buffer");
  constexpr size_t kOverhead = sizeof(Buffer) + kTensorAlignment;
  if (size > SIZE_MAX / 4) return {};
  const size_t needed = size + kOverhead;
  size_t block_bytes = needed;
  uint32_t size_class = kHeap;
  void* memory = nullptr;
  if (needed < kSmallestPooled) {
    memory = TryTakeBlock(needed);
  } else if (charge == BufferCharge::kWithinBudget && !MemoryBudget::OfProcess().TryCharge(needed)) {
    return {};
  } else if (needed <= kLargestPooled) {
    size_class = ClassOf(needed, &block_bytes);
    memory = TakeFromPool(size_class, block_bytes);
  } else {
    size_class = kMapped;
    memory = Map(needed);
    if (memory != nullptr) mapped_bytes.fetch_add(needed, std::memory_order_relaxed);
  }
  if (memory == nullptr) {
    if (size_class != kHeap && charge == BufferCharge::kWithinBudget) MemoryBudget::OfProcess().Release(needed);
    return {};
  }

  auto* buffer = new (memory) Buffer;
  const auto first = reinterpret_cast<uintptr_t>(memory) + sizeof(Buffer) + aligned_offset;
  const uintptr_t padding = (kTensorAlignment - first % kTensorAlignment) % kTensorAlignment;
  buffer->data_ = static_cast<char*>(memory) + sizeof(Buffer) + padding;
  buffer->size_ = size;
  buffer->size_class_ = size_class;
  buffer->block_bytes_ = block_bytes;
  if (size_class == kHeap) {
    MemoryBudget::ChargeSmall(needed);
    buffer->charged_ = needed;
  } else if (charge != BufferCharge::kAsFilled) {
    if (charge == BufferCharge::kAlways) MemoryBudget::OfProcess().Charge(needed);
    buffer->charged_ = needed;
  }
  return BufferRef(buffer);
}

BufferRef Buffer::Allocate(size_t size, size_t aligned_offset) {
  BufferRef buffer = TryAllocate(size, aligned_offset);
  if (!buffer) throw std::bad_alloc();
  return buffer;
}

BufferRef Buffer::TryBorrow(const void* data, size_t size, GiveBack give_back, void* owner) noexcept {
  void* const memory = TryTakeBlock(kBorrowedHeader);
  if (memory == nullptr) return {};
  auto* buffer = new (memory) Buffer;
  new (buffer + 1) Lender{.give_back = give_back, .owner = owner};
  buffer->data_ = const_cast<char*>(static_cast<const char*>(data));
  buffer->size_ = size;
  buffer->size_class_ = kBorrowed;
  MemoryBudget::OfProcess().Charge(size);
  buffer->charged_ = size;
  return BufferRef(buffer);
}

bool Buffer::ChargeFilled(size_t bytes) {
  if (bytes <= charged_) return true;
  const size_t wanted = std::min(std::max(bytes, charged_ + kChargeStride), std::max(bytes, block_bytes_));
  if (!MemoryBudget::OfProcess().TryCharge(wanted - charged_)) return false;
  charged_ = wanted;
  return true;
}

void Buffer::Release() noexcept {
  const uint32_t size_class = size_class_;
  const size_t block_bytes = block_bytes_;
  const size_t charged = charged_;
  const Lender lender = size_class == kBorrowed ? *reinterpret_cast<Lender*>(this + 1) : Lender();
  this->~Buffer();
  if (size_class == kHeap) {
    MemoryBudget::ReleaseSmall(charged);
    GiveBlock(this, block_bytes);
    return;
  }
  if (charged > 0) MemoryBudget::OfProcess().Release(charged);
  if (size_class == kBorrowed) {
    GiveBlock(this, kBorrowedHeader);
    lender.give_back(lender.owner);
    return;
  }
  if (size_class == kMapped) {
    munmap(this, block_bytes);
    mapped_bytes.fetch_sub(block_bytes, std::memory_order_relaxed);
  } else {
    GiveToPool(size_class, block_bytes, this);
  }
}

void Buffer::TrimPools() {
  for (uint32_t size_class = 0; size_class < kClassCount; size_class++) Shed(size_class, true);
  malloc_trim(0);
}

bool Buffer::DecayPools() {
  size_t left = 0;
  for (uint32_t size_class = 0; size_class < kClassCount; size_class++) left += Shed(size_class, false);
  return left > 0;
}

size_t Buffer::LentBytes() {
  size_t bytes = mapped_bytes.load(std::memory_order_relaxed);
  for (uint32_t size_class = 0; size_class < kClassCount; size_class++) {
    Pool& pool = Pools()[size_class];
    MutexLock lock(pool.mutex);
    bytes += pool.lent * BytesOfBlock(size_class);
  }
  return bytes;
}

size_t Buffer::PooledBytesForTest() {
  size_t bytes = 0;
  for (uint32_t size_class = 0; size_class < kClassCount; size_class++) {
    Pool& pool = Pools()[size_class];
    MutexLock lock(pool.mutex);
    bytes += pool.count * BytesOfBlock(size_class);
  }
  return bytes;
}

}  // namespace neso
