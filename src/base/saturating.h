// Arithmetic with times and sizes that clients and files name: what does not fit stays at the end of its range, so that
// "as long as can be" never turns into "at once".
//
//   const Nanoseconds timeout = SaturatingMicroseconds(policy.default_timeout_microseconds());
//   const TimePoint deadline = After(now, timeout);   // TimePoint::max(): never
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>

#include "base/clock.h"

namespace neso {

// Of the same type on purpose: a conversion before the sum is where numbers get lost.
template <std::integral T>
constexpr T SaturatingAdd(T a, T b) {
  T sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b < 0 ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max();
}

template <std::integral T>
constexpr T SaturatingMultiply(T a, T b) {
  T product = 0;
  if (!__builtin_mul_overflow(a, b, &product)) return product;
  return (a < 0) != (b < 0) ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max();
}

// What of `count` units of `unit` nanoseconds can be counted, 292 years at most.
constexpr Nanoseconds SaturatingDuration(uint64_t count, int64_t unit_ns) {
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
  return Nanoseconds(SaturatingMultiply(static_cast<int64_t>(count < kMost ? count : kMost), unit_ns));
}
constexpr Nanoseconds SaturatingMicroseconds(uint64_t count) { return SaturatingDuration(count, 1'000); }
constexpr Nanoseconds SaturatingMilliseconds(uint64_t count) { return SaturatingDuration(count, 1'000'000); }
constexpr Nanoseconds SaturatingSeconds(uint64_t count) { return SaturatingDuration(count, 1'000'000'000); }

// The time `delay` after `begin`; TimePoint::max(), which means never, when that is beyond what can be counted.
constexpr TimePoint After(TimePoint begin, Nanoseconds delay) {
  return TimePoint(Nanoseconds(SaturatingAdd(begin.time_since_epoch().count(), delay.count())));
}

}  // namespace neso
