// Models that could not be loaded, and when they are tried again: not at each request, and at once when their files change.
//
//   failures.Add("digits", status, fingerprint, now);
//   if (std::optional<Status> error = failures.Refusal("digits", now)) return *error;       // at most a look a second passes
//   if (std::optional<Status> error = failures.Refusal("digits", fingerprint, now)) ...     // its folder has been read
//   failures.Forget("digits");
//
// Pure: no clock, no lock, no disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace neso {

class FailedLoads {
 public:
  // The pause before the next try, which doubles with each failure; files are looked at between tries.
  static constexpr Nanoseconds kFirstPause = std::chrono::seconds(1);
  static constexpr Nanoseconds kLongestPause = std::chrono::minutes(1);
  static constexpr Nanoseconds kLook = std::chrono::seconds(1);

  // `fingerprint`: of the files that it was loaded from.
  void Add(std::string_view name, const Status& error, uint64_t fingerprint, TimePoint now);
  void Forget(std::string_view name);

  // kUnavailable with the reason while nothing else is worth trying; nothing: its folder is worth a look.
  std::optional<Status> Refusal(std::string_view name, TimePoint now);
  // The same when the folder has been looked at; what has changed is forgotten.
  std::optional<Status> Refusal(std::string_view name, uint64_t fingerprint, TimePoint now);
  // Why it would be refused now; nothing: a request would begin a load.
  std::optional<Status> Reason(std::string_view name, TimePoint now) const;
  // Those that somebody has asked for of late, in vain, and why: a pause that has just ended says nothing else.
  std::map<std::string, std::string> Failing(TimePoint now) const;

 private:
  struct Failure {
    Status error;
    uint64_t fingerprint = 0;
    Nanoseconds pause{};
    TimePoint next_try{};
    TimePoint next_look{};
  };
  std::map<std::string, Failure, std::less<>> failures_;
};

}  // namespace neso
