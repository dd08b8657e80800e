// Gives out pieces of a few large blocks: of memory that is slow to get, or that the CPU cannot write notes into.
//
//   MemoryPool pool({.total_bytes = 64 << 20, .block_bytes = 64 << 20}, take, give_back);
//   ASSIGN_OR_RETURN(const uint64_t address, pool.Allocate(1000));
//   pool.Free(address);
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"

namespace neso {

struct MemoryPoolSizes {
  uint64_t total_bytes = 0;  // all blocks together
  uint64_t block_bytes = 0;  // one block, if no piece needs more
};

// Thread-safe. Blocks are taken when there is need, and given back by the destructor.
class MemoryPool {
 public:
  using Taker = std::function<Expected<uint64_t>(uint64_t byte_size)>;
  using Giver = std::function<void(uint64_t address)>;
  // As CUDA's own allocations.
  static constexpr uint64_t kAlignment = 256;

  MemoryPool(MemoryPoolSizes sizes, Taker take, Giver give_back)
      : sizes_(sizes), take_(std::move(take)), give_back_(std::move(give_back)) {}
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  // The smallest piece that is free and large enough. `byte_size` is not 0.
  // Errors: kUnavailable when the pool has none, and what taking a block gives.
  Expected<uint64_t> Allocate(uint64_t byte_size);
  // Whether the address was one that Allocate gave.
  bool Free(uint64_t address);

  uint64_t used_bytes() const;

 private:
  struct Piece {
    uint64_t byte_size = 0;
    uint64_t block = 0;  // where its block begins: pieces of two blocks are not joined
  };
  using Pieces = std::map<uint64_t, Piece>;  // by address

  Status AddBlock(uint64_t byte_size) REQUIRES(mutex_);
  void AddFree(uint64_t address, Piece piece) REQUIRES(mutex_);
  void RemoveFree(Pieces::iterator piece) REQUIRES(mutex_);

  const MemoryPoolSizes sizes_;
  const Taker take_;
  const Giver give_back_;
  mutable Mutex mutex_;
  std::map<uint64_t, uint64_t> blocks_ GUARDED_BY(mutex_);
  uint64_t block_bytes_ GUARDED_BY(mutex_) = 0;
  Pieces used_ GUARDED_BY(mutex_);
  uint64_t used_bytes_ GUARDED_BY(mutex_) = 0;
  Pieces free_ GUARDED_BY(mutex_);
  std::set<std::pair<uint64_t, uint64_t>> free_by_size_ GUARDED_BY(mutex_);  // size, address
};

}  // namespace neso
