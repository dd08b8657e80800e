#include "core.h"

#include <limits>

#include "openvino_call.h"

namespace neso::openvino {
namespace {

using backend::Status;

// Never destroyed: frameworks leave threads behind, and libraries are not unmapped.
ov::Core* core = nullptr;
int64_t default_max_batch_size = 4;

}  // namespace

Status InitializeCore(const backend::Backend& backend) {
  if (core != nullptr) return {};
  NESO_ASSIGN_OR_RETURN(const backend::Parameters settings, backend.Settings());
  NESO_ASSIGN_OR_RETURN(default_max_batch_size, settings.Or("default-max-batch-size", 4));
  if (default_max_batch_size > std::numeric_limits<int32_t>::max()) {
    return Status::InvalidArg("'default-max-batch-size': expected at most ", std::numeric_limits<int32_t>::max(),
                              ", got ", default_max_batch_size);
  }
  return TryOpenVino("unable to start OpenVINO: ", [] { core = new ov::Core(); });
}

ov::Core& Core() { return *core; }
int64_t DefaultMaxBatchSize() { return default_max_batch_size; }

}  // namespace neso::openvino
