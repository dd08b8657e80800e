// What the server shares with one worker. Lives until the last call of the worker is over and the last output has left,
// also when the worker is gone.
#pragma once

#include <memory>

#include "channel.h"
#include "segment.h"
#include "slab.h"

namespace neso::python {

struct WorkerMemory {
  std::unique_ptr<Segment> segment;
  std::unique_ptr<Slab> slab;
  std::unique_ptr<Channel> channel;
};

}  // namespace neso::python
