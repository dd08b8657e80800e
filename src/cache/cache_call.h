// What the server and a cache library hand each other in a call: TRITONCACHE_CacheEntry and TRITONCACHE_Allocator.
#pragma once

#include <vector>

#include "base/status.h"
#include "core/abi.h"
#include "core/types.h"

namespace neso {

// The buffers of one answer; of ours there is one. Confined to the call.
class CacheEntry final : public TRITONCACHE_CacheEntry {
 public:
  struct Buffer {
    void* base = nullptr;
    BufferAttributes attributes;
  };
  std::vector<Buffer> buffers;
};

// Copies between an entry's buffers and the answer that the call is about, in the call's direction.
class CacheAllocator : public TRITONCACHE_Allocator {
 public:
  virtual ~CacheAllocator() = default;
  virtual Status Copy(CacheEntry& entry) = 0;
};

}  // namespace neso
