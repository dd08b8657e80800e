// The regions of memory that clients have registered, by name; one for a server, used by all its front ends.
//
//   SharedMemoryManager regions({.is_allowed = true});
//   RETURN_IF_ERROR(regions.RegisterSystem("in", {.key = "/pixels", .offset = 0, .byte_size = 4096}));
//   ASSIGN_OR_RETURN(const RegionSlice tensor, regions.Find("in", {.offset = 0, .byte_size = 64}));
//
// A region that is unregistered stays mapped for the requests that use it, and is listed until they are answered; no
// other request finds it, and its name is free at once.
// Source: system and CUDA shared memory extensions of KServe v2; errors have the contract's texts.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "frontend/shared_memory/cuda_region.h"
#include "frontend/shared_memory/region.h"
#include "frontend/shared_memory/system_region.h"

namespace neso {

enum class RegionKind { kSystem, kCuda };

// What status queries tell.
struct RegionInfo {
  std::string name{};
  RegionKind kind = RegionKind::kSystem;
  std::string key{};      // of kSystem
  uint64_t offset = 0;    // of kSystem
  int64_t device_id = 0;  // of kCuda
  uint64_t byte_size = 0;
};

struct SharedMemoryOptions {
  bool is_allowed = false;                               // --allow-client-shm; otherwise only List is there
  CudaDriverSource cuda_driver = CudaDriver::OfProcess;  // asked when a client registers CUDA memory
  // Each takes one of the mappings that the kernel gives a process, of which there are 65530 by default.
  size_t max_regions = 16384;
};

// Thread-safe. Registering opens and maps outside of the lock; CUDA's first time may take seconds.
class SharedMemoryManager {
 public:
  explicit SharedMemoryManager(SharedMemoryOptions options) : options_(std::move(options)) {}

  // kUnsupported unless clients may use shared memory.
  Status CheckAllowed() const;

  // Errors: kAlreadyExists for a name that is taken (by either kind), kUnavailable when there are too many regions, or
  // if it is unregistered meanwhile, and what opening the memory gives.
  Status RegisterSystem(std::string_view name, const SystemRegistration& registration);
  Status RegisterCuda(std::string_view name, const CudaRegistration& registration);
  // With an empty name all of that kind. A name that is not there, or is of the other kind, is no error.
  Status Unregister(RegionKind kind, std::string_view name);

  // That of this name, or all of the kind when it is empty, in the order of their names. Errors: kNotFound.
  Expected<std::vector<RegionInfo>> List(RegionKind kind, std::string_view name) const;

  // Errors: kNotFound for an unknown region; kInvalidArg for a part that is not inside it, or not there any more.
  struct Part {
    uint64_t offset = 0;
    uint64_t byte_size = 0;
  };
  Expected<RegionSlice> Find(std::string_view name, Part part) const;

 private:
  struct Entry {
    RegionInfo info;
    std::shared_ptr<Region> region;
    std::shared_ptr<const void> use;  // one more for each request that has not been answered
  };
  // Unregistered, and perhaps still in use.
  struct Leaving {
    RegionInfo info;
    std::weak_ptr<const void> use;
  };
  using Opener = std::function<Expected<std::shared_ptr<Region>>()>;

  Status Register(RegionInfo info, const Opener& open);
  Status CheckRoom(std::string_view name) const REQUIRES(mutex_);
  void ForgetUnused() const REQUIRES(mutex_);
  std::vector<RegionInfo> All(RegionKind kind) const REQUIRES(mutex_);
  // Null when there is no region of that name.
  const RegionInfo* Info(std::string_view name) const REQUIRES(mutex_);

  const SharedMemoryOptions options_;
  mutable Mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_ GUARDED_BY(mutex_);
  std::map<std::string, const RegionInfo*, std::less<>> opening_ GUARDED_BY(mutex_);  // by those who open them
  mutable std::vector<Leaving> leaving_ GUARDED_BY(mutex_);  // those that are in use no more go when somebody looks
};

}  // namespace neso
