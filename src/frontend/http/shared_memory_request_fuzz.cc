// Registrations of shared memory under arbitrary bodies, and the ranges that they and requests name: what passes the
// checks lies inside of its object.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "frontend/http/shared_memory_request.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

bool IsInside(uint64_t offset, uint64_t byte_size, uint64_t size) {
  uint64_t end = 0;
  return !__builtin_add_overflow(offset, byte_size, &end) && end <= size;
}

// `size` of an object or a region that a client made; the numbers are the fuzzer's too.
void CheckRanges(uint64_t offset, uint64_t byte_size, uint64_t size) {
  if (neso::CheckObjectRange("r", offset, byte_size, size).ok()) Require(IsInside(offset, byte_size, size));
  if (neso::CheckTensorRange("r", offset, byte_size, size).ok()) Require(IsInside(offset, byte_size, size));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (const auto system = neso::ParseSystemRegistration(body); system.ok()) {
    for (const uint64_t object_bytes : {uint64_t{0}, uint64_t{4096}, system->byte_size, UINT64_MAX}) {
      CheckRanges(system->offset, system->byte_size, object_bytes);
    }
    (void)neso::RegionsJson(neso::RegionKind::kSystem, {{.name = "r",
                                                         .kind = neso::RegionKind::kSystem,
                                                         .key = system->key,
                                                         .offset = system->offset,
                                                         .byte_size = system->byte_size}});
  }
  if (const auto cuda = neso::ParseCudaRegistration(body); cuda.ok()) {
    CheckRanges(static_cast<uint64_t>(cuda->device_id), cuda->byte_size, cuda->byte_size);
  }
  return 0;
}
