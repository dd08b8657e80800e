// How the connections of a gRPC server are kept: the arguments that gRPC's channels have for it. Http2KeepAlive acts on
// them.
#pragma once

#include <chrono>
#include <cstdint>

namespace neso::net {

struct Http2KeepAliveOptions {
  static constexpr std::chrono::milliseconds kNever{INT32_MAX};

  std::chrono::milliseconds time{7'200'000};  // without anything from the client, after which it is pinged
  std::chrono::milliseconds timeout{20'000};  // for anything to come then; otherwise the connection is cut
  bool permit_without_calls = false;          // ping also while no call is open, and let clients do so
  int max_pings_without_data = 2;             // before data or a head is sent again; 0: any number
  // Of the client's pings, without data between them; else it is a strike.
  std::chrono::milliseconds min_ping_interval{300'000};
  int max_ping_strikes = 2;                    // that are borne; 0: any number
  std::chrono::milliseconds max_age{0};        // of a connection, give or take a tenth; 0: any
  std::chrono::milliseconds max_age_grace{0};  // for calls to end when it has that age; 0: any
};

}  // namespace neso::net
