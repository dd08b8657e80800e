// Where the steps of an ensemble put their outputs. What is an output of the ensemble too goes straight to where its
// requester wants it (the client's shared memory, the buffer that will be sent); the rest into memory of ours, which
// the next step reads.
#pragma once

#include <vector>

#include "core/response.h"
#include "ensemble/graph.h"

namespace neso {

// Of one step's request, whose response allocator it is: the allocator's userp is a StepOutputs*.
struct StepOutputs {
  const EnsembleGraph* graph;
  const EnsembleGraph::Step* step;
  const ResponseFactory* requester;
  const std::vector<bool>* results;  // by tensor: it goes into the ensemble's response

  static const ResponseAllocator& Allocator();
  // Gives `to`, an output of the ensemble's response, the buffer of `from`, if the requester's allocator made it.
  static bool HandOver(Output& from, Output& to);

 private:
  friend struct StepAllocatorFunctions;
  // The tensor of the ensemble that the requester is to place; null for one that it will not see, or gets as a copy.
  const EnsembleGraph::Tensor* PlacedByRequester(const char* output) const;
};

}  // namespace neso
