// Mapped memory that somebody else may take away without harm: when the pages behind a mapping are gone (its object was
// truncated, or /dev/shm is full), the kernel sends SIGBUS to whoever touches them. Inside a guarded range the thread
// then finds private zeroes instead and goes on, and the range remembers.
//
//   GuardedRange guard(base, byte_size);
//   ...                                        // reads and writes, ours or a backend's
//   if (guard.HasFaulted()) ...                // what was read or written since may be nothing
//
// The first range installs the process's handler of SIGBUS; faults outside all ranges go to the handler before it.
#pragma once

#include <cstddef>

namespace neso {

// Thread-safe. Nobody touches the memory before the constructor has returned or after the destructor has begun.
class GuardedRange {
 public:
  // `base` is where a mapping begins, `byte_size` may end inside its last page.
  GuardedRange(void* base, size_t byte_size);
  ~GuardedRange();
  GuardedRange(const GuardedRange&) = delete;
  GuardedRange& operator=(const GuardedRange&) = delete;

  // Once true it stays so: from the first page touched in vain, the range is no longer shared with anybody.
  bool HasFaulted() const;

  struct Slot;

 private:
  Slot* const slot_;
};

}  // namespace neso
