// Decides when a client that sends frames without purpose has sent too many. Confined to the connection's strand.
//
// Pings and settings are answered and priorities are followed at our cost (CVE-2019-9512 and its kin); a reset request
// has been started in vain (CVE-2023-44487). Answers sent make up for pings, which clients use to measure the
// bandwidth.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/clock.h"

namespace neso::net {

class Http2Guard {
 public:
  // Each returns false when it was one too many.
  bool OnControlFrame(TimePoint now) { return control_.Add(now); }
  bool OnReset(TimePoint now) { return resets_.Add(now); }
  void OnAnswerSent() { control_ = {}; }

 private:
  // So many at once (two generations of all streams), and 500 a second for ever.
  static constexpr size_t kMost = 2000;
  static constexpr Nanoseconds kForgiveOne = std::chrono::milliseconds(2);

  struct Count {
    bool Add(TimePoint now) {
      if (held > 0 && now > since) {
        const auto forgiven = static_cast<size_t>((now - since) / kForgiveOne);
        held -= std::min(held, forgiven);
        since += forgiven * kForgiveOne;
      }
      if (held == 0) since = now;
      return ++held <= kMost;
    }
    size_t held = 0;
    TimePoint since{};
  };

  Count control_;
  Count resets_;
};

}  // namespace neso::net
