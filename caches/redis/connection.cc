#include "connection.h"

#include <sys/time.h>

#include <array>
#include <chrono>
#include <string>

#include "tls_context.h"

namespace neso::redis_cache {
namespace {

using backend::Result;
using backend::Status;

timeval TimevalOf(std::chrono::milliseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  return {.tv_sec = seconds.count(), .tv_usec = std::chrono::microseconds(time - seconds).count()};
}

struct FreeCommand {
  void operator()(char* command) const { redisFreeCommand(command); }
};

}  // namespace

Result<std::unique_ptr<Connection>> Connection::Make(const Settings& settings) {
  TlsContext tls;
  if (settings.tls) {
    NESO_ASSIGN_OR_RETURN(tls, MakeTlsContext(*settings.tls));
  }
  NESO_ASSIGN_OR_RETURN(Context context, Connect(settings));
  std::unique_ptr<Connection> made(new Connection(settings, std::move(context)));
  if (tls != nullptr) {
    redisSetTimeout(made->context_.get(), TimevalOf(settings.connect_timeout));
    auto shaken = TlsWire::Shake(tls.get(), made->socket_, *settings.tls);
    if (!shaken.ok()) {
      return Status::Unavailable("cannot connect to Redis at ", settings.place(), ": ", shaken.status().message());
    }
    made->tls_ = std::move(*shaken);
    made->wire_ = made->tls_.get();
  }
  redisSetTimeout(made->context_.get(), TimevalOf(settings.socket_timeout));
  NESO_RETURN_IF_ERROR(made->LogIn());
  return made;
}

Result<Connection::Context> Connection::Connect(const Settings& settings) {
  const bool waits_for_ever = settings.connect_timeout.count() == 0;
  Context context(waits_for_ever ? redisConnect(settings.host.c_str(), settings.port)
                                 : redisConnectWithTimeout(settings.host.c_str(), settings.port,
                                                           TimevalOf(settings.connect_timeout)));
  if (context == nullptr) return Status::Unavailable("no memory for a connection");
  if (context->err != 0) {
    return Status::Unavailable("cannot connect to Redis at ", settings.place(), ": ", context->errstr);
  }
  return context;
}

Status Connection::LogIn() {
  const std::string database = std::to_string(settings_.database);
  std::vector<std::vector<std::string_view>> commands;
  if (!settings_.password.empty()) {
    // Servers before version 6 know no users.
    if (settings_.user == "default") {
      commands.push_back({"AUTH", settings_.password});
    } else {
      commands.push_back({"AUTH", settings_.user, settings_.password});
    }
  }
  if (settings_.database != 0) commands.push_back({"SELECT", database});
  if (commands.empty()) return {};
  NESO_ASSIGN_OR_RETURN(const std::vector<Reply> replies, Ask(commands));
  for (const Reply& reply : replies) {
    if (reply->type == REDIS_REPLY_ERROR) {
      return Status::Unavailable("Redis at ", settings_.place(),
                                 " refuses: ", std::string_view(reply->str, reply->len));
    }
  }
  return {};
}

Result<std::vector<Reply>> Connection::Ask(Commands commands) {
  const auto broken = [this](const Status& reason) {
    // What is no TLS is an error to who speaks it, and mostly not worth an answer.
    const bool may_want_tls = tls_ == nullptr && !has_answered_ && !timed_out();
    return Status::Unavailable("Redis at ", settings_.place(), ": ", reason.message(),
                               may_want_tls ? "; if it speaks TLS there, set 'tls_enabled=true'" : "");
  };
  for (const std::vector<std::string_view>& command : commands) {
    if (Status sent = Send(command); !sent.ok()) return broken(sent);
  }
  std::vector<Reply> replies;
  for (size_t i = 0; i < commands.size(); ++i) {
    Result<Reply> reply = Receive();
    if (!reply.ok()) return broken(reply.status());
    has_answered_ = true;
    replies.push_back(std::move(*reply));
  }
  return replies;
}

Status Connection::Send(const std::vector<std::string_view>& command) {
  std::vector<const char*> words;
  std::vector<size_t> sizes;
  for (const std::string_view word : command) {
    words.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* text = nullptr;
  const auto size = redisFormatCommandArgv(&text, static_cast<int>(words.size()), words.data(), sizes.data());
  const std::unique_ptr<char, FreeCommand> formatted(text);
  if (size < 0) return Status::Unavailable("no memory for a command");
  return wire_->Write({text, static_cast<size_t>(size)});
}

Result<Reply> Connection::Receive() {
  redisReader& reader = *context_->reader;
  std::array<char, 16 * 1024> room;
  while (true) {
    void* reply = nullptr;
    if (redisReaderGetReply(&reader, &reply) != REDIS_OK) return Status::Unavailable(reader.errstr);
    if (reply != nullptr) return Reply(static_cast<redisReply*>(reply));
    NESO_ASSIGN_OR_RETURN(const size_t got, wire_->Read(room));
    if (got == 0) return Status::Unavailable("it closed the connection");
    if (redisReaderFeed(&reader, room.data(), got) != REDIS_OK) return Status::Unavailable(reader.errstr);
  }
}

}  // namespace neso::redis_cache
