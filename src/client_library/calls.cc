#include "client_library/calls.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "client_library/durations.h"
#include "client_library/grpc_channel.h"
#include "client_library/http_channel.h"

namespace neso::client_library {
namespace {

// So many calls in a row that end without a word from the server mean that it is gone. One alone may have been too short.
constexpr uint64_t kUnheard = 3;

// The server is there, but does not take it: it is full, say, or about to end.
struct IsRefusal {
  bool operator()(const client::HttpAnswer& answer) const { return answer.status == 503; }
  bool operator()(const GrpcAnswer& answer) const { return answer.status.code == net::GrpcCode::kUnavailable; }
};

std::unique_ptr<Channel> ChannelTo(const client::ServerAddress& server, Worker& worker, const ClientOptions& options) {
  const Nanoseconds connect_timeout = NanosecondsOf(options.connect_timeout);
  if (server.protocol == client::Protocol::kGrpc)
    return std::make_unique<GrpcChannel>(worker, server.endpoint, connect_timeout);
  return std::make_unique<HttpChannel>(worker, server.endpoint, connect_timeout, options.connections_per_endpoint);
}

ClientError Gone() { return {ErrorKind::kCancelled, "the client is gone"}; }

TimePoint Now() { return std::chrono::steady_clock::now(); }

}  // namespace

Calls::Calls(Worker& worker, const std::vector<client::ServerAddress>& servers, const ClientOptions& options)
    : worker_(worker), options_(options), budget_(options.retries_per_call, options.retries_at_once) {
  for (const client::ServerAddress& server : servers) {
    endpoints_.push_back({.address = server.endpoint.Place(), .channel = ChannelTo(server, worker, options)});
  }
}

void Calls::Begin(uint64_t id, std::shared_ptr<const Question> question, TimePoint deadline, bool may_repeat,
                  Done done) {
  if (is_closed_) return done(Gone());
  ++begun_;
  if (deadline <= Now())
    return done(ClientError{ErrorKind::kDeadlineExceeded, "the deadline had passed before the call"});
  budget_.NoteCall();
  auto call = std::make_unique<Call>();
  call->may_repeat = may_repeat;
  call->done = std::move(done);
  call->attempt.question = std::move(question);
  call->attempt.deadline = deadline;
  call->attempt.done = [this, id](Expected<Answer> answer) { OnAttempt(id, std::move(answer)); };
  call->deadline_timer = worker_.At(deadline, [this, id] { OnDeadline(id); });
  calls_.emplace(id, std::move(call));
  Try(id);
}

void Calls::Try(uint64_t id) {
  Call& call = *calls_.at(id);
  std::vector<EndpointState> states;
  for (const Endpoint& endpoint : endpoints_) states.push_back(endpoint.state);
  const auto failed_before = call.attempts == 0 ? std::nullopt : std::optional(call.endpoint);
  call.endpoint = PickEndpoint(states, Now(), failed_before, random_);
  ++call.attempts;
  Endpoint& endpoint = endpoints_[call.endpoint];
  call.attempt.was_sent = false;
  call.is_under_way = true;
  call.answers_before = endpoint.answers;
  ++endpoint.attempts;
  ++endpoint.state.outstanding;
  endpoint.channel->Start(call.attempt);
}

void Calls::OnAttempt(uint64_t id, Expected<Answer> answer) {
  Call& call = *calls_.at(id);
  call.is_under_way = false;
  Endpoint& endpoint = endpoints_[call.endpoint];
  --endpoint.state.outstanding;
  if (answer.ok()) {
    ++endpoint.answers;
    endpoint.unheard_in_a_row = 0;
  }
  const bool was_refused = answer.ok() && std::visit(IsRefusal(), *answer);
  NoteOutcome(endpoint, !answer.ok() || was_refused);
  if (answer.ok() && !was_refused) return End(id, *std::move(answer));
  if (MayTryAgain(call, was_refused)) {
    const Nanoseconds pause = PauseBeforeRetry(call.attempts, NanosecondsOf(options_.first_pause),
                                               NanosecondsOf(options_.longest_pause), random_);
    call.pause_timer = worker_.At(After(Now(), pause), [this, id] { Try(id); });
  } else if (answer.ok()) {
    End(id, *std::move(answer));
  } else {
    End(id, ClientError{ErrorKind::kUnavailable, answer.error().message()});
  }
}

void Calls::OnDeadline(uint64_t id) {
  const Call& late = *calls_.at(id);
  if (late.is_under_way) NoteLate(late);
  End(id, ClientError{ErrorKind::kDeadlineExceeded, fmt::format("no answer in time: {} attempts, the last at {}",
                                                                late.attempts, endpoints_[late.endpoint].address)});
}

void Calls::NoteLate(const Call& call) {
  Endpoint& endpoint = endpoints_[call.endpoint];
  if (!call.attempt.was_sent) {
    // Connecting may take longer than calls do: nobody would be left to be told that the endpoint is not there.
    if (!endpoint.channel->is_connected()) NoteOutcome(endpoint, true);
    return;
  }
  endpoint.channel->NoteLate();
  // A server that hangs, or is cut off, takes calls and says nothing. One that is slow answers others meanwhile.
  if (endpoint.answers == call.answers_before && ++endpoint.unheard_in_a_row >= kUnheard) NoteOutcome(endpoint, true);
}

void Calls::NoteOutcome(Endpoint& endpoint, bool failed) {
  if (!failed) {
    endpoint.failures_in_a_row = 0;
    endpoint.state.avoided_until = {};
    return;
  }
  ++endpoint.failures;
  // All calls that were under way fail together: that is the same failure, not as many in a row.
  if (endpoint.state.avoided_until > Now()) return;
  endpoint.state.avoided_until = Now() + AvoidanceAfter(++endpoint.failures_in_a_row);
}

bool Calls::MayTryAgain(const Call& call, bool was_refused) {
  const bool was_run_perhaps = call.attempt.was_sent && !was_refused;
  if (call.attempts >= options_.most_attempts || (was_run_perhaps && !call.may_repeat)) return false;
  if (!budget_.Take()) {
    ++retries_refused_;
    return false;
  }
  ++retries_;
  return true;
}

void Calls::Withdraw(Call& call) {
  if (!std::exchange(call.is_under_way, false)) return;
  --endpoints_[call.endpoint].state.outstanding;
  endpoints_[call.endpoint].channel->Abandon(call.attempt);
}

void Calls::End(uint64_t id, Result<Answer> result) {
  const auto found = calls_.find(id);
  const std::unique_ptr<Call> call = std::move(found->second);
  calls_.erase(found);
  worker_.Cancel(call->deadline_timer);
  worker_.Cancel(call->pause_timer);
  Withdraw(*call);
  call->done(std::move(result));
}

void Calls::Cancel(uint64_t id) {
  if (calls_.contains(id)) End(id, ClientError{ErrorKind::kCancelled, "the call was cancelled"});
}

void Calls::Close() {
  is_closed_ = true;
  while (!calls_.empty()) End(calls_.begin()->first, Gone());
}

ClientFigures Calls::Figures() const {
  ClientFigures figures{.calls = begun_, .retries = retries_, .retries_refused = retries_refused_, .endpoints = {}};
  for (const Endpoint& endpoint : endpoints_) {
    figures.endpoints.push_back({.address = endpoint.address,
                                 .attempts = endpoint.attempts,
                                 .failures = endpoint.failures,
                                 .outstanding = endpoint.state.outstanding,
                                 .is_avoided = endpoint.state.avoided_until > Now()});
  }
  return figures;
}

}  // namespace neso::client_library
