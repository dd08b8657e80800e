// Which load has brought how much memory: from readings when loads begin and end, and from what was known to go meanwhile.
//
//   meter.Begin(17, 1, memory.Read());
//   ... load ...
//   MemoryUse digits = meter.End(17, memory.Read()).use;
//
// What the memory grows by while several load is shared among them by their weights. Pure: no clock, no lock, no disk.
#pragma once

#include <cstdint>
#include <map>

#include "repository/on_demand/memory_reader.h"
#include "repository/on_demand/memory_use.h"

namespace neso {

class GrowthMeter {
 public:
  // `load`: a number of the caller's. `weight`: what it is expected to take; at least 1.
  void Begin(uint64_t load, int64_t weight, const MemoryReading& now);
  struct Growth {
    MemoryUse use{};  // never below 0: others may have given back what nobody knows of
    // Libraries were opened meanwhile: what the host's memory has grown by was theirs, too, and is left out.
    bool is_host_known = true;
  };
  Growth End(uint64_t load, const MemoryReading& now);
  // A model that was measured has gone: without this, loads under way would seem to take less.
  void Gone(const MemoryUse& use);

 private:
  struct Load {
    int64_t weight = 1;
    MemoryReading grown{};
  };
  void Share(const MemoryReading& now);

  std::map<uint64_t, Load> loads_;
  MemoryReading last_{};
};

}  // namespace neso
