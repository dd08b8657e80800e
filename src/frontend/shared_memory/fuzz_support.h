// What the fuzz targets of requests share: memory of a client, and a look at every tensor.
#pragma once

#include <cstdlib>

#include "core/request.h"
#include "frontend/shared_memory/shared_memory_manager.h"
#include "frontend/shared_memory/test_object.h"

namespace neso {

// Clients' memory: a region "r" of two pages.
inline const SharedMemoryManager& FuzzRegions() {
  static const TestObject object("fuzz", 8192);
  static SharedMemoryManager regions({.is_allowed = true});
  static const bool is_there = regions.RegisterSystem("r", {.key = object.key(), .byte_size = 8192}).ok();
  if (!is_there) std::abort();
  return regions;
}

// Whatever a request says, its tensors are in its message, in storage or inside of the region.
inline void TouchInputs(const InferenceRequest& request) {
  volatile char sink = 0;
  for (const Input& input : request.inputs()) {
    for (const InputBuffer& buffer : input.buffers()) {
      const char* const bytes = static_cast<const char*>(buffer.base);
      if (buffer.attributes.byte_size != 0) sink = sink + bytes[0] + bytes[buffer.attributes.byte_size - 1];
    }
  }
}

}  // namespace neso
