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

namespace neso::net {

struct Http2KeepAliveOptions {
  static constexpr std::chrono::milliseconds kNever{INT32_MAX};

  std::chrono::milliseconds time{7'200'000};  // without anything from the client, after which it is pinged
  std::chrono::milliseconds timeout{20'000};  // for anything to come then; otherwise the connection is cut
  bool permit_without_calls = false;          // ping also while no call is open, and let clients do so
  int max_pings_without_data = 2;             // before data or a head is sent again; 0: any number
  std::chrono::milliseconds min_ping_interval{
      300'000};                                // of the client's, without data between them; else it is a strike
  int max_ping_strikes = 2;                    // that are borne; 0: any number
  std::chrono::milliseconds max_age{0};        // of a connection, give or take a tenth; 0: any
  std::chrono::milliseconds max_age_grace{0};  // for calls to end when it has that age; 0: any
};

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
