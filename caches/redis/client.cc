#include "client.h"

#include <cerrno>
#include <utility>

namespace neso::redis_cache {
namespace {

using backend::Result;
using backend::Status;
using Commands = std::span<const std::vector<std::string_view>>;

timeval TimevalOf(std::chrono::milliseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  return {.tv_sec = seconds.count(), .tv_usec = std::chrono::microseconds(time - seconds).count()};
}

// A read that ran into its timeout looks like one that would block.
bool IsTimeout(const redisContext& connection) {
  return connection.err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ETIMEDOUT);
}

}  // namespace

Result<std::vector<Reply>> Client::Ask(Commands commands, bool* timed_out) {
  *timed_out = false;
  NESO_ASSIGN_OR_RETURN(Connection connection, Take(timed_out));
  const bool was_used_before = connection != nullptr;
  for (const bool is_fresh : {false, true}) {
    if (is_fresh || connection == nullptr) {
      Result<Connection> made = Connect();
      if (!made.ok()) {
        GiveBack(nullptr);
        LeaveAlone(made.status(), /*timed_out=*/false);
        return made.TakeStatus();
      }
      connection = std::move(*made);
    }
    std::vector<Reply> replies = Send(*connection, commands);
    if (!replies.empty()) {
      GiveBack(std::move(connection));
      return replies;
    }
    *timed_out = IsTimeout(*connection);
    // One that lay idle may have been closed by a server that is there again.
    if (is_fresh || *timed_out || !was_used_before) break;
  }
  Status broken = Status::Unavailable("Redis at ", settings_.place(), ": ", connection->errstr);
  GiveBack(nullptr);
  if (*timed_out) LeaveAlone(broken, /*timed_out=*/true);
  return broken;
}

void Client::LeaveAlone(const Status& reason, bool timed_out) {
  const std::lock_guard<std::mutex> lock(mutex_);
  away_until_ = std::chrono::steady_clock::now() + kPause;
  why_away_ = reason.message();
  timed_out_ = timed_out;
}

Result<Connection> Client::Take(bool* timed_out) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto is_free = [this] { return free_ > 0; };
  if (settings_.wait_timeout.count() == 0) {
    freed_.wait(lock, is_free);
  } else if (!freed_.wait_for(lock, settings_.wait_timeout, is_free)) {
    *timed_out = true;
    return Status::Unavailable("no connection of the pool came free within ", settings_.wait_timeout.count(), " ms");
  }
  if (std::chrono::steady_clock::now() < away_until_) {
    *timed_out = timed_out_;
    return Status::Unavailable(why_away_);
  }
  --free_;
  if (idle_.empty()) return Connection();
  Connection connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void Client::GiveBack(Connection connection) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++free_;
    if (connection != nullptr) idle_.push_back(std::move(connection));
  }
  freed_.notify_one();
}

Result<Connection> Client::Connect() const {
  const timeval patience = TimevalOf(settings_.connect_timeout);
  const bool waits_for_ever = settings_.connect_timeout.count() == 0;
  Connection connection(waits_for_ever ? redisConnect(settings_.host.c_str(), settings_.port)
                                       : redisConnectWithTimeout(settings_.host.c_str(), settings_.port, patience));
  if (connection == nullptr) return Status::Unavailable("no memory for a connection");
  if (connection->err != 0) {
    return Status::Unavailable("cannot connect to Redis at ", settings_.place(), ": ", connection->errstr);
  }
  redisSetTimeout(connection.get(), TimevalOf(settings_.socket_timeout));
  NESO_RETURN_IF_ERROR(LogIn(*connection));
  return connection;
}

Status Client::LogIn(redisContext& connection) const {
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
  const std::vector<Reply> replies = Send(connection, commands);
  if (replies.empty()) return Status::Unavailable("Redis at ", settings_.place(), ": ", connection.errstr);
  for (const Reply& reply : replies) {
    if (reply->type == REDIS_REPLY_ERROR) {
      return Status::Unavailable("Redis at ", settings_.place(),
                                 " refuses: ", std::string_view(reply->str, reply->len));
    }
  }
  return {};
}

std::vector<Reply> Client::Send(redisContext& connection, Commands commands) {
  std::vector<const char*> words;
  std::vector<size_t> sizes;
  for (const std::vector<std::string_view>& command : commands) {
    words.clear();
    sizes.clear();
    for (const std::string_view word : command) {
      words.push_back(word.data());
      sizes.push_back(word.size());
    }
    if (redisAppendCommandArgv(&connection, static_cast<int>(words.size()), words.data(), sizes.data()) != REDIS_OK) {
      return {};
    }
  }
  std::vector<Reply> replies;
  for (size_t i = 0; i < commands.size(); ++i) {
    void* reply = nullptr;
    if (redisGetReply(&connection, &reply) != REDIS_OK || reply == nullptr) return {};
    replies.emplace_back(static_cast<redisReply*>(reply));
  }
  return replies;
}

}  // namespace neso::redis_cache
