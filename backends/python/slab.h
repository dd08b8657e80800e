// Blocks of the server's region of a segment. The books are the server's own: the worker cannot spoil them, and a block
// that it releases is looked up first.
//
//   const std::optional<uint64_t> offset = slab.Allocate(size);
//   ...
//   slab.Release(*offset);
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "segment.h"

namespace neso::python {

// Thread-safe. `segment` is borrowed.
class Slab {
 public:
  explicit Slab(const Segment& segment);

  // Aligned to kTensorAlignment; nothing if the region is full.
  std::optional<uint64_t> Allocate(uint64_t size);
  // False if no such block is in use.
  bool Release(uint64_t offset);
  // A block in use stays, even when it is released, until it is Returned as often. False if no such block is in use.
  [[nodiscard]] bool Hold(uint64_t offset);
  void Return(uint64_t offset);

 private:
  // The block of the batch that an instance executes, nearly always the only one: always the same memory, and no books.
  static constexpr uint64_t kHomeSize = uint64_t{8} << 20;

  struct Block {
    uint64_t size = 0;
    uint32_t holders = 0;
    bool is_released = false;
  };

  // One in use; nullptr if there is none.
  Block* Find(uint64_t offset);
  void Free(uint64_t offset, uint64_t size);
  void AddFree(uint64_t offset, uint64_t size);

  const Segment& segment_;
  const uint64_t home_;
  std::mutex mutex_;
  std::optional<Block> home_block_;                  // while it is in use
  std::unordered_map<uint64_t, Block> used_;         // by offset
  std::map<uint64_t, uint64_t> free_;                // size by offset; neighbours are joined
  std::set<std::pair<uint64_t, uint64_t>> by_size_;  // the same: size, offset
};

}  // namespace neso::python
