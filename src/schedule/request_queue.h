// Requests that wait, in the order they will be served: by priority level, then by arrival or with a fair part for each
// client; expired ones that are only delayed come last in their level.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "core/request.h"
#include "schedule/batching_config.h"
#include "schedule/ring_queue.h"
#include "schedule/waiting_line.h"

namespace neso {

// Thread-compatible: lives under its scheduler's lock. Owns the requests in it; those it hands out are the receiver's.
class RequestQueue {
 public:
  struct Entry {
    InferenceRequest* request = nullptr;
    TimePoint queued_at{};
    TimePoint deadline = TimePoint::max();
    uint32_t rows = 1;
    uint64_t number = 0;  // no two requests that came here have the same
  };

  // `levels`: one policy a priority level, at least one. `fair_share_by`: the parameter of requests that names their
  // client, of whom each gets the same part of a level; empty: first come, first served.
  explicit RequestQueue(std::span<const QueuePolicy> levels, std::string fair_share_by = {});
  ~RequestQueue();
  RequestQueue(const RequestQueue&) = delete;
  RequestQueue& operator=(const RequestQueue&) = delete;

  // Takes `request`. Error: kUnavailable, "Exceeds maximum queue size" of its level; it then stays with the caller.
  // Where clients share and the level is full, the newest of the client that has most there goes to `displaced` instead.
  Status Push(std::unique_ptr<InferenceRequest>& request, TimePoint now,
              std::unique_ptr<InferenceRequest>* displaced = nullptr);

  static Status ExceedsMaximumSize(const InferenceRequest& request);

  size_t size() const { return size_; }
  uint64_t rows() const { return rows_; }
  // The first entries in order of service, up to `max_count`; `entries` is overwritten.
  void Peek(size_t max_count, std::vector<Entry>& entries) const;
  // Moves the first `count` out.
  void Take(size_t count, std::vector<InferenceRequest*>& taken);

  // Moves those at `indexes`, which ascend, out: numbers of entries as Peek shows them.
  void TakeAt(std::span<const size_t> indexes, std::vector<InferenceRequest*>& taken);

  // Applies the timeouts: refused requests go to `rejected`, delayed ones to the end of their level.
  void Expire(TimePoint now, std::vector<InferenceRequest*>& rejected);
  // When Expire may have something to do next; TimePoint::max() for never.
  TimePoint next_deadline() const { return next_deadline_; }

  // Moves cancelled requests out.
  void TakeCancelled(std::vector<InferenceRequest*>& cancelled);

 private:
  struct Level {
    bool expires_in_order() const { return waiting.is_by_arrival() && !policy.allow_timeout_override; }

    QueuePolicy policy;
    WaitingLine<Entry> waiting;
    RingQueue<Entry> delayed;
  };
  void Forget(const Entry& entry) { --size_, rows_ -= entry.rows; }
  void ExpireLevel(Level& level, TimePoint now, std::vector<InferenceRequest*>& rejected);
  void FindNextDeadline();

  const std::string fair_share_by_;
  const std::unique_ptr<const ClientPlaces> places_;  // null: first come, first served
  std::vector<Level> levels_;
  size_t size_ = 0;
  uint64_t rows_ = 0;
  std::vector<size_t> leaving_;                 // scratch of TakeAt
  uint64_t came_ = 0;                           // requests, ever
  TimePoint next_deadline_ = TimePoint::max();  // or earlier than any deadline: those taken are not looked up
};

}  // namespace neso
