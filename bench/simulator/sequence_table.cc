#include "sequence_table.h"

#include <triton/core/tritonserver.h>

#include "base/status.h"

namespace neso::simulator {

SequenceTable::~SequenceTable() {
  for (auto& [id, sequence] : sequences_) {
    for (InferenceRequest* request : sequence.waiting) delete request;
  }
}

std::optional<size_t> SequenceTable::InstanceWithFreeSlot() const {
  std::vector<std::optional<size_t>> lowest;
  for (const FreeSlots& slots : free_) lowest.push_back(slots.lowest());
  return PickInstance(lowest);
}

void SequenceTable::Place(Sequence& sequence, size_t instance) {
  sequence.has_slot = true;
  sequence.instance = instance;
  sequence.slot = free_[instance].TakeLowest();
}

Expected<SequenceTable::Handed> SequenceTable::Accept(std::unique_ptr<InferenceRequest>& request) {
  const uint64_t id = request->correlation_id().number();
  const auto found = sequences_.find(id);
  const std::optional<size_t> instance = InstanceWithFreeSlot();
  const SequenceArrival arrival{.starts = (request->flags() & TRITONSERVER_REQUEST_FLAG_SEQUENCE_START) != 0,
                                .is_known = found != sequences_.end() && found->second.is_open,
                                .slot_is_free = instance.has_value()};
  const SequenceAdmission admission = AdmitToSequence(arrival);
  if (admission == SequenceAdmission::kRefuseUnknown) return InvalidArg("sequence {} has not started", id);
  Sequence& sequence = sequences_[id];
  if (admission == SequenceAdmission::kNewInSlot) Place(sequence, *instance);
  if (admission == SequenceAdmission::kNewInBacklog) backlog_.push_back(id);
  if ((request->flags() & TRITONSERVER_REQUEST_FLAG_SEQUENCE_END) != 0) sequence.is_open = false;
  sequence.waiting.push_back(request.release());
  return Hand(sequence);
}

SequenceTable::Handed SequenceTable::Hand(Sequence& sequence) {
  if (!sequence.has_slot || sequence.in_lane || sequence.waiting.empty()) return {};
  sequence.in_lane = true;
  InferenceRequest* const request = sequence.waiting.front();
  sequence.waiting.pop_front();
  return {sequence.instance, sequence.slot, request};
}

SequenceTable::Handed SequenceTable::Next(uint64_t id) {
  Sequence& sequence = sequences_.at(id);
  sequence.in_lane = false;
  if (sequence.is_open || !sequence.waiting.empty()) return Hand(sequence);
  const size_t instance = sequence.instance;
  free_[instance].Give(sequence.slot);
  sequences_.erase(id);
  if (backlog_.empty()) return {};
  Sequence& first = sequences_.at(backlog_.front());
  backlog_.pop_front();
  Place(first, instance);
  return Hand(first);
}

}  // namespace neso::simulator
