// Bodies of the shared-memory endpoints. Pure.
// Source: system and CUDA shared memory extensions of KServe v2.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "frontend/shared_memory/shared_memory_manager.h"

namespace neso {

// {"key":"/pixels","offset":0,"byte_size":4096}; the offset may be missing. Errors: kInvalidArg for a field that is not
// there, kInternal for wrong types.
Expected<SystemRegistration> ParseSystemRegistration(std::string_view body);

// {"raw_handle":{"b64":"<64 bytes>"},"device_id":0,"byte_size":4096}. Errors: kInvalidArg without raw_handle or for one
// that is not 64 bytes in Base64, kInternal for wrong types and the other fields.
Expected<CudaRegistration> ParseCudaRegistration(std::string_view body);

// An array with one object a region, of the fields that clients of `kind` know.
std::string RegionsJson(RegionKind kind, const std::vector<RegionInfo>& regions);

}  // namespace neso
