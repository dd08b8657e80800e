// Sends one request again and again, so many at a time or so many a second, and notes how long each took.
//
//   Load load(loop, endpoint, bytes);
//   load.KeepInFlight(16);
//   RETURN_IF_ERROR(load.RunFor(std::chrono::seconds(5)));
//   for (const Sample& sample : load.samples()) ...
//
// At a rate, a request's time begins when it was to be sent, also if all connections were busy then: a server that
// halts is not spared the requests that would have come meanwhile.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "client/http1_connection.h"
#include "perf/infer_bytes.h"

namespace neso::perf {

struct Sample {
  TimePoint begin;  // sent, or to be sent
  TimePoint end;
};

// Confined to a thread.
class Load {
 public:
  // All outlive it.
  Load(client::Loop& loop, const client::Endpoint& endpoint, const InferBytes& bytes);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // From now on; one or the other.
  Status KeepInFlight(size_t requests);
  Status SendAtRate(double per_second, Distribution distribution);
  // Sends nothing more, and waits for the answers that are awaited.
  Status Stop();

  // Error: of the first request that fails, with what the server says.
  Status RunFor(Nanoseconds time);
  // Until so many more samples are there.
  Status RunUntil(size_t more_samples);

  const std::vector<Sample>& samples() const { return samples_; }
  // Requests that went out more than a millisecond after they were to.
  uint64_t delayed() const { return delayed_; }

 private:
  class Slot;

  Expected<Slot*> AddSlot();
  Status Step(TimePoint until);
  Status SendDue(TimePoint now);
  void OnDone(Slot& slot, const Status& failure);

  client::Loop& loop_;
  const client::Endpoint& endpoint_;
  const InferBytes& bytes_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> idle_;
  size_t in_flight_ = 0;
  size_t wanted_ = 0;  // in flight; 0 at a rate
  double rate_ = 0;    // 0: none
  bool is_poisson_ = false;
  TimePoint next_send_;
  std::mt19937_64 random_{1};
  std::deque<TimePoint> due_;  // to be sent, for which there was no connection
  std::vector<Sample> samples_;
  uint64_t delayed_ = 0;
  Status failure_;
};

}  // namespace neso::perf
