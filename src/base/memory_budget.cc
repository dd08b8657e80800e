#include "base/memory_budget.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "neso/processors.h"

namespace neso {
namespace {

constexpr int64_t kThreadsShare = 64 * 1024;

// What a thread has charged and released and not yet told.
struct Untold {
  int64_t bytes = 0;

  ~Untold() { Tell(); }
  void Add(int64_t change) {
    bytes += change;
    if (bytes > kThreadsShare || bytes < -kThreadsShare) Tell();
  }
  void Tell() {
    if (bytes > 0) MemoryBudget::OfProcess().Charge(static_cast<size_t>(bytes));
    if (bytes < 0) MemoryBudget::OfProcess().Release(static_cast<size_t>(-bytes));
    bytes = 0;
  }
};

thread_local Untold untold;

}  // namespace

MemoryBudget& MemoryBudget::OfProcess() {
  static auto* const budget = new MemoryBudget;
  return *budget;
}

void MemoryBudget::ChargeSmall(size_t bytes) { untold.Add(Signed(bytes)); }
void MemoryBudget::ReleaseSmall(size_t bytes) { untold.Add(-Signed(bytes)); }

size_t MemoryBudget::UsedApprox() const {
  return static_cast<size_t>(std::max<int64_t>(used_.load(std::memory_order_relaxed), 0));
}

bool MemoryBudget::TryCharge(size_t bytes) {
  const int64_t limit = limit_.load(std::memory_order_relaxed);
  const int64_t change = Signed(bytes);
  if (change > limit) return false;
  if (used_.fetch_add(change, std::memory_order_relaxed) <= limit - change) return true;
  used_.fetch_sub(change, std::memory_order_relaxed);
  return false;
}

Status MemoryBudget::Admit() const { return IsExhausted() ? Unavailable("{}", RefusalText()) : Status(); }

std::string MemoryBudget::RefusalText() const {
  return fmt::format(
      "the requests of this server take all the memory they may have together ({} bytes, --memory-budget); try again "
      "later",
      limit());
}

Expected<size_t> ParseBytesOrShare(const std::string& text, size_t available) {
  const bool is_share = text.ends_with('%');
  const char* const end = text.data() + text.size() - (is_share ? 1 : 0);
  uint64_t number = 0;
  const auto [parsed, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc() || parsed != end || number == 0 || (is_share && number > 100)) {
    return InvalidArg("expected a number of bytes, or 1% to 100% of the memory, got '{}'", text);
  }
  if (!is_share) return number;
  return available / 100 * number + available % 100 * number / 100;
}

Expected<size_t> ParseMemoryBudget(const std::string& text, size_t available) {
  constexpr size_t kLeast = 1'000'000;
  ASSIGN_OR_RETURN(const size_t bytes, ParseBytesOrShare(text, available));
  if (!text.ends_with('%') && bytes < kLeast) {
    return InvalidArg("expected at least {} bytes, which small requests need, got '{}'", kLeast, text);
  }
  return bytes;
}

size_t AvailableMemory() {
  const auto pages = static_cast<uint64_t>(std::max(sysconf(_SC_PHYS_PAGES), 1L));
  uint64_t bytes = pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  if (const std::optional<uint64_t> group = ReadCgroupLimits().memory_bytes) bytes = std::min(bytes, *group);
  rlimit address_space{};
  if (getrlimit(RLIMIT_AS, &address_space) == 0 && address_space.rlim_cur != RLIM_INFINITY) {
    bytes = std::min<uint64_t>(bytes, address_space.rlim_cur);
  }
  return bytes;
}

}  // namespace neso
