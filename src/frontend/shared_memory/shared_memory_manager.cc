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
    Expected<std::shared_ptr<CudaDriver>> driver = options_.cuda_driver();
    if (!driver) {
      LOG_VERBOSE(1, "{}", driver.error().message());
      return InvalidArg("failed to register CUDA shared memory region: '{}', GPUs not supported", name);
    }
    return CudaRegion::Open(*std::move(driver), name, registration);
  });
}

// Opened without the lock. Meanwhile the name is taken, and whoever unregisters it is heard: it may be a client that gave
// this registration up, whose question came faster on another connection.
Status SharedMemoryManager::Register(RegionInfo info, const Opener& open) {
  RETURN_IF_ERROR(CheckAllowed());
  {
    MutexLock lock(mutex_);
    RETURN_IF_ERROR(CheckRoom(info.name));
    opening_[info.name] = &info;
  }
  Expected<std::shared_ptr<Region>> region = open();
  MutexLock lock(mutex_);
  const auto opening = opening_.find(info.name);
  const bool is_wanted = opening != opening_.end() && opening->second == &info;
  if (is_wanted) opening_.erase(opening);
  if (!region) return std::move(region).error();
  if (!is_wanted) {
    return Unavailable("shared memory region '{}' was unregistered while it was being registered", info.name);
  }
  std::string name = info.name;
  entries_.emplace(std::move(name),
                   Entry{.info = std::move(info), .region = *std::move(region), .use = std::make_shared<const char>()});
  return {};
}

Status SharedMemoryManager::CheckRoom(std::string_view name) const {
  if (entries_.contains(name) || opening_.contains(name)) return NameTaken(name);
  if (entries_.size() + opening_.size() < options_.max_regions) return {};
  return Unavailable(
      "failed to register shared memory region '{}': expected at most {} regions; unregister those that are not needed, "
      "or start the server with a larger --max-shared-memory-regions",
      name, options_.max_regions);
}

Status SharedMemoryManager::Unregister(RegionKind kind, std::string_view name) {
  RETURN_IF_ERROR(CheckAllowed());
  std::vector<Entry> dropped;  // unmapped after the lock
  MutexLock lock(mutex_);
  ForgetUnused();
  std::erase_if(opening_, [&](const auto& opening) {
    return opening.second->kind == kind && (name.empty() || opening.first == name);
  });
  for (auto entry = name.empty() ? entries_.begin() : entries_.find(name); entry != entries_.end();) {
    const bool is_meant = entry->second.info.kind == kind;
    if (is_meant) {
      // Nobody takes a use but under the lock.
      if (entry->second.use.use_count() > 1) {
        leaving_.push_back({.info = entry->second.info, .use = entry->second.use});
      }
      dropped.push_back(std::move(entry->second));
    }
    entry = is_meant ? entries_.erase(entry) : std::next(entry);
    if (!name.empty()) break;
  }
  return {};
}

Expected<std::vector<RegionInfo>> SharedMemoryManager::List(RegionKind kind, std::string_view name) const {
  MutexLock lock(mutex_);
  ForgetUnused();
  if (name.empty()) return All(kind);
  const RegionInfo* const found = Info(name);
  const bool is_system = kind == RegionKind::kSystem;
  if (found == nullptr) {
    return NotFound("Unable to find {} shared memory region: '{}'", is_system ? "system" : "cuda", name);
  }
  if (found->kind != kind) {
    return NotFound("The region named '{}' is registered as {} shared memory, not {} shared memory", name,
                    is_system ? "CUDA" : "system", is_system ? "system" : "CUDA");
  }
  return std::vector<RegionInfo>{*found};
}

void SharedMemoryManager::ForgetUnused() const {
  std::erase_if(leaving_, [](const Leaving& region) { return region.use.expired(); });
}

// A name that was registered anew stands for the new region.
std::vector<RegionInfo> SharedMemoryManager::All(RegionKind kind) const {
  std::map<std::string_view, const RegionInfo*> listed;
  for (const Leaving& region : leaving_) listed[region.info.name] = &region.info;
  for (const auto& [name, entry] : entries_) listed[name] = &entry.info;
  std::vector<RegionInfo> infos;
  for (const auto& [unused, info] : listed) {
    if (info->kind == kind) infos.push_back(*info);
  }
  return infos;
}

const RegionInfo* SharedMemoryManager::Info(std::string_view name) const {
  const auto entry = entries_.find(name);
  if (entry != entries_.end()) return &entry->second.info;
  for (const Leaving& region : leaving_) {
    if (region.info.name == name) return &region.info;
  }
  return nullptr;
}

Expected<RegionSlice> SharedMemoryManager::Find(std::string_view name, Part part) const {
  RETURN_IF_ERROR(CheckAllowed());
  std::shared_ptr<Region> region;
  std::shared_ptr<const void> use;
  {
    MutexLock lock(mutex_);
    const auto entry = entries_.find(name);
    if (entry == entries_.end()) return NotFound("Unable to find shared memory region: '{}'", name);
    region = entry->second.region;
    use = entry->second.use;
  }
  const RegionMemory& memory = region->memory();
  RETURN_IF_ERROR(CheckTensorRange(name, part.offset, part.byte_size, memory.byte_size));
  RETURN_IF_ERROR(region->CheckReach(part.offset + part.byte_size));
  return RegionSlice{
      .region = region, .use = std::move(use), .base = memory.base + part.offset, .byte_size = part.byte_size};
}

}  // namespace neso
