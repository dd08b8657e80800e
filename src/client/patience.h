// How long an answer is waited for: a time, and what may end it before.
//
//   const Waiting waiting({std::chrono::seconds(20), IsUnwanted});
//   while (!has_answer && !waiting.IsOver()) loop.RunOnce(waiting.NextLook());
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace neso::client {

struct Patience {
  // Says of a wait that began then whether it is of no use any more. It is asked every now and then.
  using GivesUp = bool (*)(TimePoint begin);

  template <typename Rep, typename Period>
  Patience(std::chrono::duration<Rep, Period> time, GivesUp gives_up_early = nullptr)
      : timeout(std::chrono::duration_cast<std::chrono::milliseconds>(time)), gives_up(gives_up_early) {}

  std::chrono::milliseconds timeout;
  GivesUp gives_up;
};

// From its making on.
class Waiting {
 public:
  explicit Waiting(const Patience& patience)
      : begin_(std::chrono::steady_clock::now()), deadline_(begin_ + patience.timeout), gives_up_(patience.gives_up) {}

  TimePoint deadline() const { return deadline_; }
  bool IsOver() const {
    return std::chrono::steady_clock::now() >= deadline_ || (gives_up_ != nullptr && gives_up_(begin_));
  }
  // Until when may be waited before IsOver is asked again.
  TimePoint NextLook() const {
    constexpr std::chrono::milliseconds kLook{50};
    if (gives_up_ == nullptr) return deadline_;
    return std::min<TimePoint>(deadline_, std::chrono::steady_clock::now() + kLook);
  }

 private:
  const TimePoint begin_, deadline_;
  const Patience::GivesUp gives_up_;
};

}  // namespace neso::client
