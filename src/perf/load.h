// Sends requests, so many at a time, more and more, or so many a second, and notes how long each took.
//
//   Load load(transport, requests, plan, answers);
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
#include <optional>
#include <span>
#include <vector>

#include "perf/answers.h"
#include "perf/send_times.h"
#include "perf/transport.h"

namespace neso::perf {

struct Sample {
  struct KeptAnswer {
    TimePoint time;
    size_t number;  // among those whose text is kept, or Answers::kNotKept
  };

  TimePoint begin;  // sent, or to be sent
  TimePoint end;    // the first answer came; all had come, if there was none
  Turn turn = {};
  size_t answers = 0;                 // any number of a decoupled model
  TimePoint second = {};              // answer came, if there was one
  TimePoint last = {};                // likewise
  std::vector<KeptAnswer> kept = {};  // all of them, where they are exported: there may be millions

  void Add(TimePoint now) {
    if (answers == 0) end = now;
    if (answers == 1) second = now;
    last = now;
    answers++;
  }
  TimePoint last_end() const { return answers == 0 ? end : last; }
};

// Confined to a thread.
class Load {
 public:
  // All outlive it. `answers` null: what answers bring is not looked at.
  Load(Transport& transport, std::span<const InferBytes> requests, RequestPlan& plan, Answers* answers = nullptr);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // From now on; one of them.
  Status KeepInFlight(size_t requests);
  Status Grow(const Growth& growth);
  void SendAt(SendTimes times);
  // For SendAt: so many connections take turns; what is due when all are busy waits, and its time runs.
  Status OpenLanes(size_t lanes);
  // So many requests and no more, until Stop.
  void LimitTo(size_t requests) { left_ = requests; }
  // Sends nothing more, waits for the answers that are awaited, ends sequences that have begun, forgets the samples.
  // Error: kUnavailable when an answer takes far longer than those before it.
  Status Stop();

  // Error: of the first request that fails, with what the server says.
  Status RunFor(Nanoseconds time);
  // Until so many more samples are there, or so much time has passed.
  Status RunUntil(size_t more_samples, Nanoseconds at_most);

  // Since the last Stop.
  const std::deque<Sample>& samples() const { return samples_; }
  // When what is under way began: its first request was sent, or their times were set.
  TimePoint began() const { return began_.value_or(TimePoint()); }
  // Requests that went out more than a millisecond after they were to.
  uint64_t delayed() const { return delayed_; }

 private:
  class Slot;
  struct Paused {
    TimePoint until;
    Slot* slot;
    Turn turn;
  };

  Expected<Slot*> IdleSlot();
  Expected<Slot*> NewSlot();
  void Send(Slot& slot, const Turn& turn, TimePoint begin);
  // What the plan has for it, now or behind its pause. False: nothing.
  bool SendNext(Slot& slot);
  // Those whose pause is over. Returns when the next one's will be.
  TimePoint SendPaused();
  Status AwaitAnswers();
  Status Step(TimePoint until);
  Status SendDue(TimePoint now);
  Status SendMore(size_t requests);
  bool CanSend() const { return in_flight_ < lanes_ && left_ > 0; }
  void SendNextDue(Slot& slot, TimePoint now);
  void OnDone(Slot& slot, const Status& failure);

  Transport& transport_;
  const std::span<const InferBytes> requests_;
  RequestPlan& plan_;
  Answers* const answers_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::deque<Slot*> idle_;  // in turn
  size_t in_flight_ = 0;
  size_t wanted_ = 0;               // in flight; 0 unless that is what is kept
  std::optional<SendTimes> times_;  // unset: not by time
  std::optional<Growth> growth_;    // unset: they do not become more
  std::vector<Slot*> newest_;       // of growth_, those that were sent last
  std::vector<Paused> paused_;      // few: one for each slot
  size_t lanes_ = 1024;             // they are opened as they are needed, unless told to at once
  size_t left_ = SIZE_MAX;          // to be sent
  std::optional<TimePoint> began_;  // unset: nothing has since the last Stop
  TimePoint next_send_;             // long ago, if there was no connection since
  std::deque<Sample> samples_;      // a vector would halt the load while it grows
  Nanoseconds longest_{0};          // that a request took until its last answer, of all
  uint64_t delayed_ = 0;
  Status failure_;
};

}  // namespace neso::perf
