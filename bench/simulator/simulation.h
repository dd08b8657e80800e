// A discrete-event simulator of one model under load: requests, queues and decisions are the server's own, time is not.
// A million requests take seconds, and the same scenario gives the same outcome each time.
//
//   Scenario scenario{.config = "max_batch_size: 8 dynamic_batching { }", .execution = ..., .load = ...};
//   const Outcome outcome = Simulation(scenario).Run();
#pragma once

#include <deque>
#include <memory>
#include <queue>
#include <vector>

#include "core/model.h"
#include "lane.h"
#include "scenario.h"
#include "sequence_table.h"

namespace neso::simulator {

class Simulation {
 public:
  explicit Simulation(const Scenario& scenario);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // Once; until nothing happens any more.
  Outcome Run();

 private:
  class Entrance;  // the model's scheduler: what Submit gives requests to
  enum class Happens : uint8_t { kArrival, kCancellation, kEndOfExecution, kLook };
  struct Event {
    TimePoint at;
    uint64_t order;  // those of one time come in the order in which they were planned
    Happens what;
    size_t which;  // request, cancellation, instance or lane
    bool operator>(const Event& other) const { return at != other.at ? at > other.at : order > other.order; }
  };
  struct Worker {
    size_t lane = 0;
    bool is_busy = false;
    Batch batch;
  };

  void Plan(TimePoint at, Happens what, size_t which) { events_.push({at, next_order_++, what, which}); }
  void PlanArrival(std::optional<Arrival> arrival);
  void Handle(const Event& event);
  void Arrive(size_t index);
  Status Enqueue(std::unique_ptr<InferenceRequest>& request);  // from the entrance
  void Deliver(const SequenceTable::Handed& handed);
  void Start(size_t lane);
  void Execute(size_t worker);
  void EndExecution(size_t worker);
  void Cancel(size_t which);
  void Drop(Batch& batch);
  // The request has been answered and is gone.
  void End(InferenceRequest* request, Fate fate);
  void End(Record& record, Fate fate);

  const Scenario& scenario_;
  ModelHandle model_;
  std::vector<std::unique_ptr<Lane>> lanes_;  // one, or for sequences one an instance
  std::vector<TimePoint> looks_;              // planned, by lane
  std::vector<Worker> workers_;               // one an instance
  std::unique_ptr<SequenceTable> sequences_;  // null: the model has none
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  uint64_t next_order_ = 0;
  TimePoint now_{};
  std::deque<Record> records_;  // in order of planning; requests point to them
  std::vector<size_t> arrived_;
  std::vector<std::shared_ptr<ResponseFactory>> cancellations_;
  size_t batches_ = 0;
};

}  // namespace neso::simulator
