// Connections to a Redis server, made when they are needed and again when they break.
//
//   Client client(settings);
//   const std::vector<std::string_view> commands[] = {{"HGETALL", key}};
//   NESO_ASSIGN_OR_RETURN(std::vector<Reply> replies, client.Ask(commands, &timed_out));
#pragma once

#include <hiredis/hiredis.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "neso/backend/status.h"
#include "settings.h"

namespace neso::redis_cache {

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
struct FreeConnection {
  void operator()(redisContext* connection) const { redisFree(connection); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;
using Connection = std::unique_ptr<redisContext, FreeConnection>;

// Thread-safe: as many commands run at once as the pool has connections. A server that cannot be reached is left alone for
// a moment, so that requests do not all wait for it in vain.
class Client {
 public:
  static constexpr std::chrono::milliseconds kPause{500};

  explicit Client(Settings settings) : settings_(std::move(settings)), free_(settings_.pool_size) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // The server's answers to the commands, one each, which may be errors of its own. A connection that was found broken is
  // made anew once. Errors: UNAVAILABLE, with `*timed_out` when time was the reason.
  backend::Result<std::vector<Reply>> Ask(std::span<const std::vector<std::string_view>> commands, bool* timed_out);

 private:
  backend::Result<Connection> Take(bool* timed_out);
  void GiveBack(Connection connection);
  // Commands fail for kPause, for that reason.
  void LeaveAlone(const backend::Status& reason, bool timed_out);
  backend::Result<Connection> Connect() const;
  backend::Status LogIn(redisContext& connection) const;
  // Empty when the connection broke.
  static std::vector<Reply> Send(redisContext& connection, std::span<const std::vector<std::string_view>> commands);

  const Settings settings_;
  std::mutex mutex_;
  std::condition_variable freed_;
  size_t free_;                   // with mutex_, as all below: how many may be used that are not
  std::vector<Connection> idle_;  // at most free_
  std::chrono::steady_clock::time_point away_until_{};
  std::string why_away_;
  bool timed_out_ = false;  // whether that is why
};

}  // namespace neso::redis_cache
