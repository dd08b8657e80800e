#include "net/http2/http2_keep_alive.h"

#include <algorithm>
#include <cmath>

namespace neso::net {
namespace {

using std::chrono::milliseconds;

constexpr TimePoint kNoTime = TimePoint::max();
constexpr double kAgeJitter = 0.1;
// Without calls, pings keep a connection open no better than TCP's own, whose interval this is (RFC 1122, 4.2.3.6).
constexpr std::chrono::hours kPingIntervalWithoutCalls{2};

TimePoint After(TimePoint begin, milliseconds delay) {
  return delay >= Http2KeepAliveOptions::kNever ? kNoTime : begin + std::max(delay, milliseconds(1));
}

}  // namespace

Http2KeepAlive::Http2KeepAlive(const Http2KeepAliveOptions& options, TimePoint now, double jitter)
    : options_(options),
      last_received_(now),
      ping_check_(After(now, options.time)),
      age_check_(kNoTime),
      pings_left_(options.max_pings_without_data) {
  if (options.max_age.count() <= 0) return;
  age_check_ =
      After(now, milliseconds(std::llround(static_cast<double>(options.max_age.count()) * (1 + kAgeJitter * jitter))));
}

bool Http2KeepAlive::OnPing(TimePoint now, bool has_calls) {
  const bool without_calls = !has_calls && !options_.permit_without_calls;
  const Nanoseconds interval = without_calls ? Nanoseconds(kPingIntervalWithoutCalls) : options_.min_ping_interval;
  if (last_ping_ && now < *last_ping_ + interval) strikes_++;
  last_ping_ = now;
  return options_.max_ping_strikes == 0 || strikes_ <= options_.max_ping_strikes;
}

Http2KeepAlive::Action Http2KeepAlive::Act(TimePoint now, bool has_calls) {
  if (now >= age_check_) {
    if (is_old_) return Action::kCut;
    is_old_ = true;
    age_check_ = options_.max_age_grace.count() > 0 ? After(now, options_.max_age_grace) : kNoTime;
    return Action::kEnd;
  }
  return now >= ping_check_ ? CheckPings(now, has_calls) : Action::kNone;
}

Http2KeepAlive::Action Http2KeepAlive::CheckPings(TimePoint now, bool has_calls) {
  if (is_waiting_) {
    ping_check_ = give_up_;
    return now >= give_up_ ? Action::kCut : Action::kNone;
  }
  const TimePoint due = After(last_received_, options_.time);
  ping_check_ = due > now ? due : After(now, options_.time);
  if (due > now || (!has_calls && !options_.permit_without_calls)) return Action::kNone;
  if (options_.max_pings_without_data > 0 && pings_left_-- <= 0) {
    pings_left_ = 0;
    return Action::kNone;
  }
  is_waiting_ = true;
  give_up_ = After(now, options_.timeout);
  ping_check_ = std::min(ping_check_, give_up_);
  return Action::kPing;
}

}  // namespace neso::net
