// The sequences of a simulation: which have a slot, which wait for one, and whose request is next. As the server's
// SequenceBatcher, without time limits: every sequence of a scenario ends.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "core/request.h"
#include "schedule/sequence_slots.h"

namespace neso::simulator {

// Confined to one thread.
class SequenceTable {
 public:
  // A request that goes to a lane now; null: none.
  struct Handed {
    size_t instance = 0, slot = 0;
    InferenceRequest* request = nullptr;
  };

  SequenceTable(size_t instances, size_t slots) : free_(instances, FreeSlots(slots)) {}
  ~SequenceTable();

  // Error: kInvalidArg when its sequence has not started; it stays with the caller.
  Expected<Handed> Accept(std::unique_ptr<InferenceRequest>& request);
  // The request of that sequence which was in a lane has ended.
  Handed Next(uint64_t id);

 private:
  struct Sequence {
    bool has_slot = false, is_open = true, in_lane = false;
    size_t instance = 0, slot = 0;
    std::deque<InferenceRequest*> waiting;
  };
  Handed Hand(Sequence& sequence);
  void Place(Sequence& sequence, size_t instance);
  std::optional<size_t> InstanceWithFreeSlot() const;

  std::vector<FreeSlots> free_;
  std::map<uint64_t, Sequence> sequences_;
  std::deque<uint64_t> backlog_;
};

}  // namespace neso::simulator
