// Calls, each made until it has a result: at an endpoint of the balancer's choice, again if it may, in time.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "client/server_address.h"
#include "client_library/balancer.h"
#include "client_library/channel.h"
#include "client_library/retry.h"
#include "client_library/worker.h"
#include "neso/client.h"

namespace neso::client_library {

// Confined to the worker's thread.
class Calls {
 public:
  using Done = std::function<void(Result<Answer>)>;

  Calls(Worker& worker, const std::vector<client::ServerAddress>& servers, const ClientOptions& options);
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  // `done` is told once, of any answer but refusals while it can be made again. `id` is no other call's.
  void Begin(uint64_t id, std::shared_ptr<const Question> question, TimePoint deadline, bool may_repeat, Done done);
  // Nothing happens if it is over.
  void Cancel(uint64_t id);
  // Those that begin later, too.
  void Close();
  ClientFigures Figures() const;

 private:
  struct Call {
    bool may_repeat;
    Done done;
    Worker::Timer deadline_timer, pause_timer;
    int attempts = 0;
    size_t endpoint = 0;          // of the present attempt, or the last
    uint64_t answers_before = 0;  // of that endpoint, when the attempt began
    bool is_under_way = false;
    Attempt attempt;
  };
  struct Endpoint {
    std::string address;
    std::unique_ptr<Channel> channel;
    EndpointState state = {};
    uint64_t attempts = 0, failures = 0, failures_in_a_row = 0;
    uint64_t answers = 0, unheard_in_a_row = 0;
  };

  void Try(uint64_t id);
  void OnAttempt(uint64_t id, Expected<Answer> answer);
  void OnDeadline(uint64_t id);
  void NoteOutcome(Endpoint& endpoint, bool failed);
  // The call's time is up, and its attempt is under way.
  void NoteLate(const Call& call);
  bool MayTryAgain(const Call& call, bool was_refused);
  void End(uint64_t id, Result<Answer> result);
  // Ends its present attempt, if there is one.
  void Withdraw(Call& call);

  Worker& worker_;
  const ClientOptions options_;
  std::vector<Endpoint> endpoints_;
  std::unordered_map<uint64_t, std::unique_ptr<Call>> calls_;
  RetryBudget budget_;
  std::minstd_rand random_{std::random_device{}()};
  bool is_closed_ = false;
  uint64_t begun_ = 0, retries_ = 0, retries_refused_ = 0;
};

}  // namespace neso::client_library
