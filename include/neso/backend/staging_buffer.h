// Aligned memory that grows and is used again: where the inputs of a batch are gathered.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace neso::backend {

// 64 bytes: a cache line, and the widest vector register.
inline constexpr size_t kStagingAlignment = 64;

class StagingBuffer {
 public:
  // Memory for `size` bytes, contents undefined; the last one becomes invalid. Throws std::bad_alloc.
  std::byte* Reserve(size_t size) {
    if (size > capacity_) {
      // The old memory first, so that there are never both; none is left if there is no more to be had.
      capacity_ = 0;
      memory_.reset();
      // The next power of two, so that slowly growing batches do not allocate each time.
      const size_t capacity = std::bit_ceil(size);
      memory_.reset(static_cast<std::byte*>(::operator new(capacity, std::align_val_t{kStagingAlignment})));
      capacity_ = capacity;
    }
    return memory_.get();
  }

 private:
  struct Free {
    void operator()(std::byte* memory) const { ::operator delete(memory, std::align_val_t{kStagingAlignment}); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  size_t capacity_ = 0;
};

}  // namespace neso::backend
