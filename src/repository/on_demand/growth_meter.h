// Which load has brought how much memory: from readings when loads begin and end, and from what was known to go meanwhile.
//
//   uint64_t mark = meter.Mark();
//   meter.Begin(17, 1, memory.Read(), mark);
//   ... load ...
//   mark = meter.Mark();
//   MemoryUse digits = meter.End(17, memory.Read(), mark).use;
//
// What the memory grows by while several load is shared among them by their weights. Between the moment when a leaving model's
// memory is free and the one when that is told (Gone) nobody knows whether a reading has it: what was measured from such a
// reading is off by that model's size, and is said not to be known. Pure: no clock, no lock, no disk.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "repository/on_demand/memory_reader.h"
#include "repository/on_demand/memory_use.h"

namespace neso {

class GrowthMeter {
 public:
  // To be taken before a reading, and handed in with it: tells whether a model has gone in between.
  uint64_t Mark() const { return gone_; }

  // `load`: a number of the caller's. `weight`: what it is expected to take; at least 1.
  void Begin(uint64_t load, int64_t weight, const MemoryReading& now, uint64_t mark);
  struct Growth {
    MemoryUse use{};  // never below 0: others may have given back what nobody knows of
    // What the host's memory has grown by is this load's. It is not, and is left out, when libraries were opened meanwhile, or
    // when the memory of a model that left may be part of only one of the two readings.
    bool is_host_known = true;
    bool are_gpus_known = true;  // likewise, whatever libraries were opened
  };
  Growth End(uint64_t load, const MemoryReading& now, uint64_t mark);

  // From now on the model's memory may become free, which Gone tells.
  void Leaves(const std::string& model);
  // A model that was measured has gone: without this, loads under way would seem to take less.
  void Gone(const std::string& model, const MemoryUse& use);

 private:
  struct Load {
    int64_t weight = 1;
    MemoryReading grown{};
    std::set<std::string> leaving_before{};
    bool is_certain = true;
  };
  void Share(const MemoryReading& now);

  std::map<uint64_t, Load> loads_;
  std::set<std::string> leaving_;
  uint64_t gone_ = 0;
  MemoryReading last_{};
};

}  // namespace neso
