// When a connection is pinged, given up, or asked to end for its age, and how many pings its client may send: gRPC's
// rules, as the arguments of a gRPC channel set them.
//
//   Http2KeepAlive keep_alive(options, now, jitter);
//   keep_alive.OnReceived(now);                      // and so on, as things happen
//   if (now >= keep_alive.deadline()) switch (keep_alive.Act(now, has_calls)) ...
//
// No clock, no socket; confined to the connection's strand.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "net/http2_keep_alive_options.h"

namespace neso::net {

class Http2KeepAlive {
 public:
  enum class Action {
    kNone,
    kPing,
    kEnd,  // no new calls: it is old enough
    kCut,  // at once
  };

  // `options` outlive it. `jitter` is random, -1 to 1.
  Http2KeepAlive(const Http2KeepAliveOptions& options, TimePoint now, double jitter);

  // Something came; `now` may be a few milliseconds late.
  void OnReceived(TimePoint now) {
    last_received_ = now;
    is_waiting_ = false;
  }
  // The client pings. False when it was one too many.
  bool OnPing(TimePoint now, bool has_calls);
  // A head, data or trailers were sent, which pings of either side go with.
  void OnDataSent() {
    pings_left_ = options_.max_pings_without_data;
    strikes_ = 0;
    last_ping_.reset();
  }

  // Act has to be called then. Does not move when something comes.
  TimePoint deadline() const { return std::min(ping_check_, age_check_); }
  Action Act(TimePoint now, bool has_calls);

 private:
  Action CheckPings(TimePoint now, bool has_calls);

  const Http2KeepAliveOptions& options_;
  TimePoint last_received_;
  TimePoint ping_check_;                // a ping may be due, or its time is over
  TimePoint give_up_{};                 // while it waits for the answer to a ping
  TimePoint age_check_;                 // the connection is old, or its grace is over
  std::optional<TimePoint> last_ping_;  // of the client, since data was sent
  int pings_left_;
  int strikes_ = 0;
  bool is_waiting_ = false;  // for anything, since a ping was sent
  bool is_old_ = false;
};

}  // namespace neso::net
