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
  bool OnControlFrame() { return ++control_ <= kMaxControl; }
  bool OnReset(TimePoint now) {
    if (resets_ > 0 && now > since_) {
      const auto forgiven = static_cast<size_t>((now - since_) / kForgiveOne);
      resets_ -= std::min(resets_, forgiven);
      since_ += forgiven * kForgiveOne;
    }
    if (resets_ == 0) since_ = now;
    return ++resets_ <= kMaxResets;
  }
  void OnAnswerSent() { control_ = 0; }

 private:
  static constexpr size_t kMaxControl = 2000;
  static constexpr size_t kMaxResets = 2000;                                // at once: two generations of all streams
  static constexpr Nanoseconds kForgiveOne = std::chrono::milliseconds(2);  // and 500 a second for ever

  size_t control_ = 0;
  size_t resets_ = 0;
  TimePoint since_{};
};

}  // namespace neso::net
