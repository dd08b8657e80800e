// How much memory something takes, or may take: of the host, and of each GPU, in bytes.
//
//   MemoryUse use = digits + words;
//   MemoryUse excess = ExcessOver(use, limits);
//   if (excess.IsNothing()) ...
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>

namespace neso {

struct MemoryUse {
  int64_t host = 0;
  std::map<int, int64_t> gpus{};  // by device; what is not there is 0

  bool operator==(const MemoryUse&) const = default;
  MemoryUse& operator+=(const MemoryUse& other);
  MemoryUse& operator-=(const MemoryUse& other);
  friend MemoryUse operator+(MemoryUse a, const MemoryUse& b) { return a += b; }
  friend MemoryUse operator-(MemoryUse a, const MemoryUse& b) { return a -= b; }

  // Of all kinds together: what one is weighed by against another.
  int64_t Sum() const;
  // No kind is above 0.
  bool IsNothing() const;
};

struct MemoryLimits {
  static constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
  int64_t host = kNone;
  std::map<int, int64_t> gpus{};  // those that are not here have none
};

// What of `use` is beyond `limits`, kind by kind; 0 where it is not.
MemoryUse ExcessOver(const MemoryUse& use, const MemoryLimits& limits);

// The larger of the two, kind by kind.
MemoryUse Larger(const MemoryUse& a, const MemoryUse& b);

// What of `use` is beyond `other`, kind by kind; 0 where it is not.
inline MemoryUse Beyond(const MemoryUse& use, const MemoryUse& other) { return Larger({}, use - other); }

// "12.3 MB", or "12.3 MB and 1.0 GB of GPU 0".
std::string ToText(const MemoryUse& use);
std::string ToText(const MemoryLimits& limits);

}  // namespace neso
