// How much memory the requests of this process may take together: bodies and messages as they come, what is inflated of
// them, and answers until they have left. Models and their execution are not counted.
//
//   MemoryBudget& budget = MemoryBudget::OfProcess();
//   if (!budget.TryCharge(bytes)) return Unavailable("{}", budget.RefusalText());
//   ...
//   budget.Release(bytes);
//
// What comes in is refused beyond the limit; what a request that was let in takes further is counted only, so that it
// can be answered, and keeps new ones out until it is gone.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/status.h"

namespace neso {

// Thread-safe.
class MemoryBudget {
 public:
  MemoryBudget() = default;
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // The one that all buffers are charged to. Never destroyed: buffers outlive static objects.
  static MemoryBudget& OfProcess();

  // Without it there is no limit.
  void SetLimit(size_t bytes) { limit_.store(Signed(bytes), std::memory_order_relaxed); }
  size_t limit() const { return static_cast<size_t>(limit_.load(std::memory_order_relaxed)); }
  size_t UsedApprox() const;

  // False, and nothing is charged, when it would pass the limit.
  [[nodiscard]] bool TryCharge(size_t bytes);
  void Charge(size_t bytes) { used_.fetch_add(Signed(bytes), std::memory_order_relaxed); }
  void Release(size_t bytes) { used_.fetch_sub(Signed(bytes), std::memory_order_relaxed); }
  // As these two for the many small amounts of OfProcess(): they add up on the thread first, so that threads do not
  // fight for the counter. It is off by some 64 KiB a thread meanwhile.
  static void ChargeSmall(size_t bytes);
  static void ReleaseSmall(size_t bytes);

  // New work should be refused: no room for anything of size is left.
  bool IsExhausted() const {
    return used_.load(std::memory_order_relaxed) >= limit_.load(std::memory_order_relaxed) - kLastRoom;
  }
  // kUnavailable with RefusalText() when it is exhausted.
  Status Admit() const;
  // What whoever is refused reads.
  std::string RefusalText() const;

 private:
  // A budget this full takes no request worth the name.
  static constexpr int64_t kLastRoom = 64 * 1024;
  static int64_t Signed(size_t bytes) { return static_cast<int64_t>(bytes > INT64_MAX ? INT64_MAX : bytes); }

  std::atomic<int64_t> used_{0};
  std::atomic<int64_t> limit_{INT64_MAX};
};

// A part of the process's budget, for as long as it lives.
class MemoryCharge {
 public:
  MemoryCharge() = default;
  explicit MemoryCharge(size_t bytes) : bytes_(bytes) { MemoryBudget::OfProcess().Charge(bytes_); }
  MemoryCharge(MemoryCharge&& other) noexcept : bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryCharge& operator=(MemoryCharge&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MemoryCharge() {
    if (bytes_ > 0) MemoryBudget::OfProcess().Release(bytes_);
  }

 private:
  size_t bytes_ = 0;
};

// "<bytes>", or "<percent>%" of `available`. Error: kInvalidArg.
Expected<size_t> ParseBytesOrShare(const std::string& text, size_t available);
// --memory-budget: "<bytes>" or "<percent>%" of what the process can have. Error: kInvalidArg.
Expected<size_t> ParseMemoryBudget(const std::string& text, size_t available);
// What the process can have: the machine's memory, its control group's, or its address space's limit, whichever is
// least.
size_t AvailableMemory();

}  // namespace neso
