#include "frontend/shared_memory/shared_memory_manager.h"

#include <utility>

#include "base/log.h"

namespace neso {
namespace {

Status NameTaken(std::string_view name) { return AlreadyExists("shared memory region '{}' already in manager", name); }

}  // namespace

Status SharedMemoryManager::CheckAllowed() const {
  if (options_.is_allowed) return {};
  return Unsupported("Client shared memory is disabled. Start the server with '--allow-client-shm=true' to enable.");
}

Status SharedMemoryManager::RegisterSystem(std::string_view name, const SystemRegistration& registration) {
  RegionInfo info{.name = std::string(name),
                  .kind = RegionKind::kSystem,
                  .key = registration.key,
                  .offset = registration.offset,
                  .byte_size = registration.byte_size};
  return Register(std::move(info), [&] { return SystemRegion::Open(name, registration); });
}

Status SharedMemoryManager::RegisterCuda(std::string_view name, const CudaRegistration& registration) {
  RegionInfo info{.name = std::string(name),
                  .kind = RegionKind::kCuda,
                  .device_id = registration.device_id,
                  .byte_size = registration.byte_size};
  return Register(std::move(info), [&]() -> Expected<std::shared_ptr<Region>> {
    Expected<std::shared_ptr<CudaDriver>> driver = Driver();
    if (!driver) {
      LOG_VERBOSE(1, "{}", driver.error().message());
      return InvalidArg("failed to register CUDA shared memory region: '{}', GPUs not supported", name);
    }
    return CudaRegion::Open(*std::move(driver), name, registration);
  });
}

// Opened without the lock, so the name is looked at before, too: for the error that a client expects first.
Status SharedMemoryManager::Register(RegionInfo info, const Opener& open) {
  RETURN_IF_ERROR(CheckAllowed());
  if (Has(info.name)) return NameTaken(info.name);
  ASSIGN_OR_RETURN(std::shared_ptr<Region> region, open());
  MutexLock lock(mutex_);
  const auto [entry, is_new] = entries_.try_emplace(info.name);
  if (!is_new) return NameTaken(info.name);
  entry->second = {.info = std::move(info), .region = std::move(region)};
  return {};
}

bool SharedMemoryManager::Has(std::string_view name) const {
  MutexLock lock(mutex_);
  return entries_.contains(name);
}

// A driver that was not there is looked for again: it may be installed while the server runs. Loading it twice at once
// does no harm.
Expected<std::shared_ptr<CudaDriver>> SharedMemoryManager::Driver() {
  {
    MutexLock lock(mutex_);
    if (driver_ != nullptr) return driver_;
  }
  ASSIGN_OR_RETURN(std::shared_ptr<CudaDriver> driver, CudaDriver::Load(options_.cuda_library));
  MutexLock lock(mutex_);
  driver_ = driver;
  return driver;
}

Status SharedMemoryManager::Unregister(RegionKind kind, std::string_view name) {
  RETURN_IF_ERROR(CheckAllowed());
  std::vector<Entry> dropped;  // unmapped after the lock
  MutexLock lock(mutex_);
  for (auto entry = name.empty() ? entries_.begin() : entries_.find(name); entry != entries_.end();) {
    const bool is_meant = entry->second.info.kind == kind;
    if (is_meant) dropped.push_back(std::move(entry->second));
    entry = is_meant ? entries_.erase(entry) : std::next(entry);
    if (!name.empty()) break;
  }
  return {};
}

Expected<std::vector<RegionInfo>> SharedMemoryManager::List(RegionKind kind, std::string_view name) const {
  std::vector<RegionInfo> infos;
  MutexLock lock(mutex_);
  if (name.empty()) {
    for (const auto& [unused, entry] : entries_) {
      if (entry.info.kind == kind) infos.push_back(entry.info);
    }
    return infos;
  }
  const bool is_system = kind == RegionKind::kSystem;
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) {
    return NotFound("Unable to find {} shared memory region: '{}'", is_system ? "system" : "cuda", name);
  }
  if (entry->second.info.kind != kind) {
    return NotFound("The region named '{}' is registered as {} shared memory, not {} shared memory", name,
                    is_system ? "CUDA" : "system", is_system ? "system" : "CUDA");
  }
  infos.push_back(entry->second.info);
  return infos;
}

Expected<RegionSlice> SharedMemoryManager::Find(std::string_view name, Part part) const {
  RETURN_IF_ERROR(CheckAllowed());
  std::shared_ptr<Region> region;
  {
    MutexLock lock(mutex_);
    const auto entry = entries_.find(name);
    if (entry == entries_.end()) return NotFound("Unable to find shared memory region: '{}'", name);
    region = entry->second.region;
  }
  const RegionMemory& memory = region->memory();
  RETURN_IF_ERROR(CheckTensorRange(name, part.offset, part.byte_size, memory.byte_size));
  RETURN_IF_ERROR(region->CheckReach(part.offset + part.byte_size));
  return RegionSlice{.region = region, .base = memory.base + part.offset, .byte_size = part.byte_size};
}

}  // namespace neso
