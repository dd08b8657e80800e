// Models that by themselves take more than all may take together, and until when that is believed: a measurement may be wrong,
// and only another load, for which all others may have to leave, makes a new one.
//
//   oversized.Note("digits", was_too_large, now);
//   if (oversized.IsBelieved("digits", now)) ...   // it is not worth another load yet
//
// Pure: no clock, no lock, no disk.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace neso {

class OversizedModels {
 public:
  static constexpr Nanoseconds kLongestPause = std::chrono::hours(1);

  // `first_pause`: how long the first measurement is believed; each that says the same, twice as long as the one before.
  explicit OversizedModels(Nanoseconds first_pause) : first_pause_(first_pause) {}

  // A load of the model has ended and was measured.
  void Note(std::string_view name, bool was_too_large, TimePoint now) {
    const auto found = models_.find(name);
    if (!was_too_large) {
      if (found != models_.end()) models_.erase(found);
      return;
    }
    const Nanoseconds pause = found == models_.end() ? first_pause_ : std::min(found->second.pause * 2, kLongestPause);
    models_.insert_or_assign(std::string(name), Measured{pause, now + pause});
  }

  bool IsBelieved(std::string_view name, TimePoint now) const {
    const auto found = models_.find(name);
    return found != models_.end() && now < found->second.believed_until;
  }

 private:
  struct Measured {
    Nanoseconds pause{};
    TimePoint believed_until{};
  };
  const Nanoseconds first_pause_;
  std::map<std::string, Measured, std::less<>> models_;
};

}  // namespace neso
