// A POSIX shared-memory object of a client, or a part of it, mapped into the server. It costs a mapping, but no
// descriptor: of those the server has few, and it needs them for connections.
//
//   ASSIGN_OR_RETURN(std::shared_ptr<Region> region, SystemRegion::Open("in", {.key = "/pixels", .byte_size = 4096}));
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "frontend/shared_memory/fault_guard.h"
#include "frontend/shared_memory/region.h"

namespace neso {

// What a client registers.
struct SystemRegistration {
  std::string key;  // as shm_open takes it; leading slashes do not matter
  uint64_t offset = 0;
  uint64_t byte_size = 0;
};

class SystemRegion final : public Region {
 public:
  // Errors, all with the contract's texts: kInternal when there is no such object; kInvalidArg for keys that are not a
  // client's, a part that is not inside the object, and what mmap refuses (an offset inside a page, no bytes).
  static Expected<std::shared_ptr<Region>> Open(std::string_view name, const SystemRegistration& registration);
  ~SystemRegion() override;
  SystemRegion(const SystemRegion&) = delete;
  SystemRegion& operator=(const SystemRegion&) = delete;

  const RegionMemory& memory() const override { return memory_; }
  Status CheckReach(uint64_t byte_size) const override;
  Status CheckIntact() const override;

 private:
  explicit SystemRegion(std::string_view name) : name_(name) {}
  Status Map(int fd, const SystemRegistration& registration);

  const std::string name_;
  RegionMemory memory_;
  std::optional<GuardedRange> guard_;
};

}  // namespace neso
