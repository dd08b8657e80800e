// Keeps things for reuse, so that a steady stream of requests allocates nothing.
//
//   if (Thing* thing = RecyclePool<Thing>::Take()) return thing;      // as it was put: the user resets it
//   if (!RecyclePool<Thing>::Put(thing)) ReallyDelete(thing);         // full
//
// Each thread has a small cache and shares a bounded reserve with the others: requests are mostly made and given back
// on the same few threads. Under sanitizers the pools are always empty and full, so that they see every lifetime.
#pragma once

#include <array>
#include <cstddef>
#include <new>
#include <vector>

#include "base/mutex.h"
#include "base/pools_recycle.h"
#include "base/thread_owned.h"

namespace neso {

// Thread-safe. `T` only tells pools apart.
template <typename T>
class RecyclePool {
 public:
  // Null when there is none.
  static T* Take() {
    if constexpr (!kPoolsRecycle) return nullptr;
    Cache* const cache = ThreadOwned<Cache>::Get();
    if (cache == nullptr || (cache->count == 0 && !cache->Refill())) return nullptr;
    return cache->items[--cache->count];
  }
  // False when the pool is full; `item` then stays with the caller.
  static bool Put(T* item) {
    if constexpr (!kPoolsRecycle) return false;
    Cache* const cache = ThreadOwned<Cache>::Get();
    if (cache == nullptr || (cache->count == cache->items.size() && !cache->Spill())) return false;
    cache->items[cache->count++] = item;
    return true;
  }

 private:
  static constexpr size_t kCached = 32;    // per thread
  static constexpr size_t kReserve = 512;  // shared; more than that in flight at once is allocated

  struct Reserve {
    Mutex mutex;
    std::vector<T*> items GUARDED_BY(mutex);
  };
  // Never destroyed: threads may end after static objects.
  static Reserve& Shared() {
    static Reserve& reserve = *new Reserve;
    return reserve;
  }

  struct Cache {
    std::array<T*, kCached> items;
    size_t count = 0;

    bool Refill() {
      Reserve& reserve = Shared();
      MutexLock lock(reserve.mutex);
      while (count < kCached / 2 && !reserve.items.empty()) {
        items[count++] = reserve.items.back();
        reserve.items.pop_back();
      }
      return count > 0;
    }
    // Moves half to the reserve.
    bool Spill() {
      Reserve& reserve = Shared();
      MutexLock lock(reserve.mutex);
      while (count > kCached / 2 && reserve.items.size() < kReserve) reserve.items.push_back(items[--count]);
      return count < kCached;
    }
    // What a thread leaves behind is for the others, also beyond the bound: there are few threads.
    ~Cache() {
      Reserve& reserve = Shared();
      MutexLock lock(reserve.mutex);
      while (count > 0) reserve.items.push_back(items[--count]);
    }
  };
};

// An allocator of single objects whose memory is recycled: for std::allocate_shared. Unlike MakeShared of
// base/block_cache.h it brings memory back that another thread frees: what a front-end thread makes and an executor's
// gives back costs no allocation there, and one each with MakeShared, whose blocks stay with the thread that frees them.
template <typename T>
struct RecyclingAllocator {
  using value_type = T;
  RecyclingAllocator() = default;
  template <typename U>
  explicit(false) RecyclingAllocator(const RecyclingAllocator<U>&) {}

  struct Block {
    alignas(T) std::byte bytes[sizeof(T)];
  };
  T* allocate(size_t n) {
    if (n == 1) {
      if (Block* block = RecyclePool<Block>::Take()) return reinterpret_cast<T*>(block);
    }
    return static_cast<T*>(::operator new(n * sizeof(T)));
  }
  void deallocate(T* p, size_t n) {
    if (n != 1 || !RecyclePool<Block>::Put(reinterpret_cast<Block*>(p))) ::operator delete(p);
  }
  template <typename U>
  bool operator==(const RecyclingAllocator<U>&) const {
    return true;
  }
};

}  // namespace neso
