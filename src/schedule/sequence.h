// A sequence in its scheduler's hands, from its first request to the release of its last.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "core/instance.h"
#include "core/request.h"
#include "core/sequence_state.h"
#include "schedule/ring_queue.h"
#include "schedule/sequence_lane.h"
#include "schedule/sequence_slots.h"

namespace neso {

// An instance, as its sequences see it.
struct SequenceHome {
  SequenceHome(ModelInstance& of, size_t slots) : instance(of), free(slots) {}

  ModelInstance& instance;
  FreeSlots free;
  std::shared_ptr<SequenceLane> lane;
  bool is_leaving = false;  // takes no new sequences
};

// Under its scheduler's lock, but for the id, and for slot and states while a request is in the lane.
struct Sequence {
  CorrelationId id;
  bool id_is_generated = false;
  std::vector<std::byte> encoded_id;       // for the control input
  std::unique_ptr<SequenceStates> states;  // null: the model has none, or nothing was executed

  SequenceHome* home = nullptr;  // null: in the backlog
  size_t slot = 0;
  bool is_open = true;                  // further requests may come: its id leads to it
  InferenceRequest* in_lane = nullptr;  // came before those that wait; there until its release takes the lock
  RingQueue<InferenceRequest*> waiting;

  TimePoint idle_since{};
  TimePoint deadline = TimePoint::max();  // for getting a slot
  std::list<Sequence>* list = nullptr;    // one of the scheduler's, in which it is
  std::list<Sequence>::iterator self;
};

}  // namespace neso
