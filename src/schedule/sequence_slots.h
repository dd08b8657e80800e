// Which slots are free, and what becomes of a request that comes: the policies of sequences that both strategies share.
#pragma once

#include <cstddef>
#include <optional>
#include <queue>
#include <span>
#include <vector>

namespace neso {

// The free ones of an instance's slots 0 .. count-1. Thread-compatible; takes no memory for slots that were never used.
class FreeSlots {
 public:
  explicit FreeSlots(size_t count) : count_(count) {}
  // None: all are taken.
  std::optional<size_t> lowest() const;
  // Precondition: there is one.
  size_t TakeLowest();
  void Give(size_t slot) { returned_.push(slot); }
  size_t taken() const { return used_ - returned_.size(); }

 private:
  size_t count_;
  size_t used_ = 0;  // slots below were taken at least once
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> returned_;
};

// The instance for a new sequence: the one with the lowest free slot, the first of those that are equal, so that
// sequences spread over the instances and batches stay dense. None: no slot is free.
std::optional<size_t> PickInstance(std::span<const std::optional<size_t>> lowest_free);

// What is known when a request of a sequence comes.
struct SequenceArrival {
  bool starts = false;    // it has the START flag
  bool is_known = false;  // its sequence has started and not ended
  bool slot_is_free = false;
  bool is_stopping = false;
};
enum class SequenceAdmission { kJoin, kNewInSlot, kNewInBacklog, kRefuseUnknown, kRefuseStopping };
// A sequence that starts again goes on where it is: what came before is executed first.
SequenceAdmission AdmitToSequence(const SequenceArrival& arrival);

}  // namespace neso
