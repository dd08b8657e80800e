// Whether a call that failed is made again, and when.
//
//   RetryBudget budget(0.1, 10);
//   budget.NoteCall();
//   if (budget.Take()) MakeAgainAfter(PauseBeforeRetry(1, first, longest, random));
#pragma once

#include <algorithm>
#include <random>

#include "base/clock.h"

namespace neso::client_library {

// Retries are a share of the calls, and some at once: where most calls fail, most are not made again, so that a server
// that is overloaded gets a tenth more calls and not three times as many. Source: the Site Reliability Engineering book,
// "Handling Overload". Confined to a thread.
class RetryBudget {
 public:
  RetryBudget(double per_call, double at_once) : per_call_(per_call), at_once_(at_once), left_(at_once) {}

  void NoteCall() { left_ = std::min(at_once_, left_ + per_call_); }
  // False: no retry.
  bool Take() {
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  const double per_call_, at_once_;
  double left_;
};

// Random, so that clients that failed together do not come back together. `retry` counts from 1.
inline Nanoseconds PauseBeforeRetry(int retry, Nanoseconds first, Nanoseconds longest, std::minstd_rand& random) {
  const int doublings = std::min(retry - 1, 30);
  const Nanoseconds most = first.count() > (longest.count() >> doublings) ? longest : first * (int64_t{1} << doublings);
  return Nanoseconds(std::uniform_int_distribution<int64_t>(0, std::max<int64_t>(most.count(), 0))(random));
}

}  // namespace neso::client_library
