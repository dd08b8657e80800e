#include <malloc.h>

#include "base/buffer.h"
#include "repository/lifecycle.h"

namespace neso {

// Freed memory stays in the allocator's arenas unless somebody asks for it (a user who unloads a model does).
void ModelLifecycle::ReturnMemory() {
  if (exiting_ || trim_pending_.exchange(true)) return;
  const bool posted = end_executor_.Post([this] {
    trim_pending_ = false;
    Buffer::TrimPools();
    malloc_trim(0);
  });
  if (!posted) trim_pending_ = false;
}

}  // namespace neso
