// A piece of memory that another process on this machine can map: of the machine, or of a GPU.
//
//   ASSIGN_OR_RETURN(const auto block, MakeSharedBlock(SharedMemory::kCuda, "neso_perf_1", 4096));
//   RETURN_IF_ERROR(block->Write(64, bytes));
//   transport.Register(block->region());
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "perf/transport.h"

namespace neso::perf {

// Gone with this, as far as others have not mapped it.
class SharedBlock {
 public:
  virtual ~SharedBlock() = default;
  virtual Status Write(uint64_t offset, std::string_view bytes) = 0;
  const SharedRegion& region() const { return region_; }

 protected:
  explicit SharedBlock(SharedRegion region) : region_(std::move(region)) {}
  SharedRegion region_;
};

// Precondition: `kind` is not kNone, and no block of this machine has the name. Errors: kUnavailable when there is no
// such memory to be had, or no GPU.
Expected<std::unique_ptr<SharedBlock>> MakeSharedBlock(SharedMemory kind, const std::string& name, uint64_t bytes);

}  // namespace neso::perf
