#include "schedule/sequence_slots.h"

namespace neso {

std::optional<size_t> FreeSlots::lowest() const {
  if (!returned_.empty()) return returned_.top();
  if (used_ < count_) return used_;
  return std::nullopt;
}

size_t FreeSlots::TakeLowest() {
  if (returned_.empty()) return used_++;
  const size_t slot = returned_.top();
  returned_.pop();
  return slot;
}

std::optional<size_t> PickInstance(std::span<const std::optional<size_t>> lowest_free) {
  std::optional<size_t> best;
  for (size_t i = 0; i < lowest_free.size(); ++i) {
    if (lowest_free[i] && (!best || *lowest_free[i] < *lowest_free[*best])) best = i;
  }
  return best;
}

SequenceAdmission AdmitToSequence(const SequenceArrival& arrival) {
  if (arrival.is_known) return SequenceAdmission::kJoin;
  if (arrival.is_stopping) return SequenceAdmission::kRefuseStopping;
  if (!arrival.starts) return SequenceAdmission::kRefuseUnknown;
  return arrival.slot_is_free ? SequenceAdmission::kNewInSlot : SequenceAdmission::kNewInBacklog;
}

}  // namespace neso
