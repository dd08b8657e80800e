// Memory that plug-ins take from the server: TRITONBACKEND_MemoryManager.
#pragma once

#include "core/abi.h"
#include "device/memory_manager.h"

namespace neso {

// Thread-safe.
class PluginMemory final : public TRITONBACKEND_MemoryManager, public MemoryManager {
 public:
  using MemoryManager::MemoryManager;
};

}  // namespace neso
