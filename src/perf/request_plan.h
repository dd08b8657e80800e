// Which request is sent next: they take turns, or belong to sequences.
//
//   if (const std::optional<Turn> turn = plan.Next(lane)) ...   // a lane: a place where one request at a time is under way
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "perf/options.h"

namespace neso::perf {

struct Turn {
  size_t request = 0;     // its place among the requests
  uint64_t sequence = 0;  // correlation ID; 0: none
  bool starts = false, ends = false;
  Nanoseconds pause{0};  // before it is sent

  bool operator==(const Turn&) const = default;
};

// Confined to a thread.
class RequestPlan {
 public:
  virtual ~RequestPlan() = default;
  // None: there is nothing more for the lane.
  virtual std::optional<Turn> Next(size_t lane) = 0;
  // The last request of the sequence that has begun in `lane` and not ended; none if there is none.
  virtual std::optional<Turn> End(size_t lane) = 0;
};

// One request after the other, whatever the lane.
class RoundRobin final : public RequestPlan {
 public:
  // Precondition: requests > 0.
  explicit RoundRobin(size_t requests) : requests_(requests) {}
  std::optional<Turn> Next(size_t lane) override;
  std::optional<Turn> End(size_t /*lane*/) override { return std::nullopt; }

 private:
  const size_t requests_;
  size_t next_ = 0;
};

// A lane has one sequence after the other, each of the steps of one stream, which follow each other in the requests.
class SequencePlan final : public RequestPlan {
 public:
  // Precondition: a stream, and steps in each. `settings.length` 0: as many requests as the stream has steps.
  SequencePlan(std::vector<size_t> steps_of_streams, const SequenceSettings& settings);
  std::optional<Turn> Next(size_t lane) override;
  std::optional<Turn> End(size_t lane) override;

 private:
  struct Live {
    uint64_t id = 0;
    size_t first = 0, steps = 1;  // requests of its stream
    size_t length = 1, sent = 0;
  };
  Live Begin();
  uint64_t FreeId();
  size_t DrawLength(size_t steps);

  const std::vector<size_t> steps_;
  const SequenceSettings settings_;
  std::mt19937_64 random_{1};
  std::map<size_t, Live> live_;  // by lane
  size_t next_stream_ = 0, first_of_next_ = 0;
  uint64_t next_id_;
};

// A lane has one session after the other, each of the steps of one stream, and all of them once. One that is not over when
// the load stops has no last request.
class SessionPlan final : public RequestPlan {
 public:
  // Of each step of each stream: how long its session waits behind its answer.
  explicit SessionPlan(std::vector<std::vector<Nanoseconds>> pauses) : pauses_(std::move(pauses)) {}
  std::optional<Turn> Next(size_t lane) override;
  std::optional<Turn> End(size_t /*lane*/) override { return std::nullopt; }

 private:
  struct Live {
    size_t stream = 0, step = 0;
    size_t request = 0;  // that is next
  };

  const std::vector<std::vector<Nanoseconds>> pauses_;
  std::map<size_t, Live> live_;  // by lane
  size_t next_stream_ = 0, first_of_next_ = 0;
};

}  // namespace neso::perf
