#include "client.h"

#include <utility>

namespace neso::redis_cache {

using backend::Result;
using backend::Status;

Result<std::vector<Reply>> Client::Ask(Commands commands, bool* timed_out) {
  *timed_out = false;
  NESO_ASSIGN_OR_RETURN(OwnedConnection connection, Take(timed_out));
  const bool was_used_before = connection != nullptr;
  Status broken;
  for (const bool is_fresh : {false, true}) {
    if (is_fresh || connection == nullptr) {
      Result<OwnedConnection> made = Connection::Make(settings_);
      if (!made.ok()) {
        GiveBack(nullptr);
        LeaveAlone(made.status(), /*timed_out=*/false);
        return made.TakeStatus();
      }
      connection = std::move(*made);
    }
    Result<std::vector<Reply>> replies = connection->Ask(commands);
    if (replies.ok()) {
      GiveBack(std::move(connection));
      return replies;
    }
    broken = replies.TakeStatus();
    *timed_out = connection->timed_out();
    // One that lay idle may have been closed by a server that is there again.
    if (is_fresh || *timed_out || !was_used_before) break;
  }
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

Result<Client::OwnedConnection> Client::Take(bool* timed_out) {
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
  if (idle_.empty()) return OwnedConnection();
  OwnedConnection connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void Client::GiveBack(OwnedConnection connection) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++free_;
    if (connection != nullptr) idle_.push_back(std::move(connection));
  }
  freed_.notify_one();
}

}  // namespace neso::redis_cache
