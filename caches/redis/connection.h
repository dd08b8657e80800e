// One connection to the Redis server, plain or with TLS, with somebody logged in.
//
//   NESO_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Connection::Make(settings));
//   const std::vector<std::string_view> commands[] = {{"HGETALL", key}};
//   NESO_ASSIGN_OR_RETURN(std::vector<Reply> replies, connection->Ask(commands));
#pragma once

#include <hiredis/hiredis.h>

#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "neso/backend/status.h"
#include "settings.h"
#include "tls_wire.h"
#include "wire.h"

namespace neso::redis_cache {

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;
using Commands = std::span<const std::vector<std::string_view>>;

// Confined to one thread at a time.
class Connection {
 public:
  // `settings` outlive it. Errors: INVALID_ARG for files of TLS that cannot be used; UNAVAILABLE.
  static backend::Result<std::unique_ptr<Connection>> Make(const Settings& settings);

  // The server's answers to the commands, one each, which may be errors of its own.
  // Errors: UNAVAILABLE when the connection broke, with timed_out() when time was the reason.
  backend::Result<std::vector<Reply>> Ask(Commands commands);
  bool timed_out() const { return socket_.timed_out(); }

 private:
  struct FreeContext {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  using Context = std::unique_ptr<redisContext, FreeContext>;

  Connection(const Settings& settings, Context context)
      : settings_(settings), context_(std::move(context)), socket_(context_->fd) {}
  static backend::Result<Context> Connect(const Settings& settings);
  backend::Status LogIn();
  backend::Status Send(const std::vector<std::string_view>& command);
  backend::Result<Reply> Receive();

  const Settings& settings_;
  const Context context_;  // the socket, and the reader of what comes
  Socket socket_;
  std::unique_ptr<TlsWire> tls_;
  Wire* wire_ = &socket_;  // or tls_
  bool has_answered_ = false;
};

}  // namespace neso::redis_cache
