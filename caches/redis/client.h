// A pool of connections to a Redis server, made when they are needed and again when they break.
//
//   Client client(settings);
//   const std::vector<std::string_view> commands[] = {{"HGETALL", key}};
//   NESO_ASSIGN_OR_RETURN(std::vector<Reply> replies, client.Ask(commands, &timed_out));
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "connection.h"
#include "neso/backend/status.h"
#include "settings.h"

namespace neso::redis_cache {

// Thread-safe: as many commands run at once as the pool has connections. A server that cannot be reached is left alone for
// a moment, so that requests do not all wait for it in vain.
class Client {
 public:
  static constexpr std::chrono::milliseconds kPause{500};

  explicit Client(Settings settings) : settings_(std::move(settings)), free_(settings_.pool_size) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // The server's answers to the commands, one each, which may be errors of its own. A connection that was found broken is
  // made anew once. Errors: UNAVAILABLE, with `*timed_out` when time was the reason; INVALID_ARG as Connection::Make's.
  backend::Result<std::vector<Reply>> Ask(Commands commands, bool* timed_out);

 private:
  using OwnedConnection = std::unique_ptr<Connection>;

  backend::Result<OwnedConnection> Take(bool* timed_out);
  void GiveBack(OwnedConnection connection);
  // Commands fail for kPause, for that reason.
  void LeaveAlone(const backend::Status& reason, bool timed_out);

  const Settings settings_;
  std::mutex mutex_;
  std::condition_variable freed_;
  size_t free_;                        // with mutex_, as all below: how many may be used that are not
  std::vector<OwnedConnection> idle_;  // at most free_
  std::chrono::steady_clock::time_point away_until_{};
  std::string why_away_;
  bool timed_out_ = false;  // whether that is why
};

}  // namespace neso::redis_cache
