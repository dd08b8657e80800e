// The requests of one priority level that wait: first come, first served, or with the same part for each client.
#pragma once

#include <memory>
#include <span>
#include <utility>

#include "schedule/fair_line.h"
#include "schedule/ring_queue.h"

namespace neso {

// Thread-compatible. What is not fair costs no more than the ring that it is.
template <typename Entry>
class WaitingLine {
 public:
  explicit WaitingLine(bool is_fair) : fair_(is_fair ? std::make_unique<FairLine<Entry>>() : nullptr) {}

  // Those that came first stand first.
  bool is_by_arrival() const { return fair_ == nullptr; }
  size_t size() const { return fair_ == nullptr ? ring_.size() : fair_->size(); }
  bool empty() const { return size() == 0; }

  // `place`: the client's, where the line is fair.
  void Push(size_t place, Entry entry) {
    if (fair_ == nullptr) return ring_.push_back(std::move(entry));
    fair_->Push(place, std::move(entry));
  }
  // Whether somebody else's entry was taken away, so that the client can have one more (FairLine).
  bool MakeRoom(size_t place, Entry& displaced) { return fair_ != nullptr && fair_->MakeRoom(place, displaced); }
  // Precondition of both: not empty.
  const Entry& front() const { return fair_ == nullptr ? ring_.front() : fair_->front(); }
  Entry Pop() { return fair_ == nullptr ? ring_.pop_front() : fair_->Pop(); }

  // Removes those at `indexes`, which ascend, of the order of ForEach.
  template <typename Take>
  void TakeAt(std::span<const size_t> indexes, Take take) {
    if (fair_ != nullptr) return fair_->TakeAt(indexes, take);
    for (const size_t index : indexes) take(ring_[index]);
    ring_.EraseAt(indexes);
  }

  // In order, until `visit` says false; false if it did.
  template <typename Visit>
  bool ForEach(Visit visit) const {
    if (fair_ != nullptr) return fair_->ForEach(visit);
    for (size_t i = 0; i < ring_.size(); ++i) {
      if (!visit(ring_[i])) return false;
    }
    return true;
  }
  // Removes what `matches` says; the others keep their order.
  template <typename Predicate>
  void EraseIf(Predicate matches) {
    if (fair_ == nullptr) return ring_.EraseIf(matches);
    fair_->EraseIf(matches);
  }

 private:
  RingQueue<Entry> ring_;
  std::unique_ptr<FairLine<Entry>> fair_;  // null: by arrival
};

}  // namespace neso
