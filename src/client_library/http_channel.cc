#include "client_library/http_channel.h"

#include <algorithm>
#include <utility>

namespace neso::client_library {

using client::Http1Connection;

namespace {

// Somebody on the way has no answer of the server's, and the call may have been run.
bool IsInDoubt(int status) {
  constexpr int kBadGateway = 502, kGatewayTimeout = 504;
  return status == kBadGateway || status == kGatewayTimeout;
}

}  // namespace

HttpChannel::HttpChannel(Worker& worker, const client::Endpoint& endpoint, Nanoseconds connect_timeout,
                         size_t most_connections)
    : worker_(worker),
      endpoint_(endpoint),
      most_connections_(std::max<size_t>(most_connections, 1)),
      connector_(worker, endpoint, client::Wire::kHttp1, connect_timeout,
                 [this](Expected<client::Dialled> dialled) { OnConnected(std::move(dialled)); }) {}

void HttpChannel::Start(Attempt& attempt) {
  attempt.head = *client::WriteHead(endpoint_, attempt.question->http);  // its headers were looked at before
  waiting_.push_back(&attempt);
  Serve();
}

void HttpChannel::Serve() {
  for (size_t i = 0; i < slots_.size() && !waiting_.empty(); ++i) {
    Slot& slot = slots_[i];
    if (slot.attempt != nullptr || !slot.connection->is_open()) continue;
    slot.attempt = waiting_.front();
    waiting_.pop_front();
    slot.attempt->was_sent = true;
    const client::HttpCall& call = slot.attempt->question->http;
    slot.connection->Send({.head = slot.attempt->head, .body = call.body, .method = call.method});
  }
  while (connecting_ < waiting_.size() && slots_.size() + connecting_ < most_connections_) {
    ++connecting_;
    connector_.Connect();
  }
}

void HttpChannel::OnConnected(Expected<client::Dialled> dialled) {
  --connecting_;
  if (dialled.ok()) {
    slots_.push_back({Http1Connection::Adopt(worker_.loop(), *std::move(dialled), *this), nullptr});
    return Serve();
  }
  // Nobody waits for an endpoint that is not there.
  for (Attempt* attempt : std::exchange(waiting_, {})) attempt->done(dialled.error());
}

std::vector<HttpChannel::Slot>::iterator HttpChannel::SlotOf(const Http1Connection& connection) {
  return std::ranges::find_if(slots_, [&](const Slot& slot) { return slot.connection.get() == &connection; });
}

void HttpChannel::Retire(std::vector<Slot>::iterator slot) {
  worker_.DestroyLater(std::move(slot->connection));
  slots_.erase(slot);
}

void HttpChannel::OnAnswer(Http1Connection& connection, const client::Http1AnswerReader& answer) {
  const auto slot = SlotOf(connection);
  if (slot == slots_.end()) return;  // abandoned
  Attempt* const attempt = std::exchange(slot->attempt, nullptr);
  client::HttpAnswer read{.status = answer.status(), .headers = answer.ParseHeaders(), .body = answer.body()};
  if (!connection.is_open()) Retire(slot);
  Serve();
  if (IsInDoubt(read.status))
    return attempt->done(Unavailable("{}: the server answers with HTTP status {}", endpoint_.Place(), read.status));
  attempt->done(Answer(std::move(read)));
}

void HttpChannel::OnLost(Http1Connection& connection, const Status& reason) {
  const auto slot = SlotOf(connection);
  if (slot == slots_.end()) return;
  Attempt* const attempt = slot->attempt;
  Retire(slot);
  Serve();
  if (attempt != nullptr) attempt->done(reason.WithContext("{}", endpoint_.Place()));
}

void HttpChannel::Abandon(Attempt& attempt) {
  std::erase(waiting_, &attempt);
  const auto slot = std::ranges::find(slots_, &attempt, &Slot::attempt);
  if (slot == slots_.end()) return;
  Retire(slot);
  Serve();
}

}  // namespace neso::client_library
