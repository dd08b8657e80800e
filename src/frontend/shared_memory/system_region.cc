#include "frontend/shared_memory/system_region.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace neso {
namespace {

// The server's own objects, which no client may have.
constexpr std::string_view kReservedPrefix = "triton_python_backend_shm_region_";

Status CheckKey(std::string_view name, std::string_view key) {
  const size_t begin = key.find_first_not_of('/');
  if (begin == std::string_view::npos && !key.empty()) {
    return InvalidArg("cannot register shared memory region '{}' - invalid shm key '{}'", name, key);
  }
  if (begin != std::string_view::npos && key.substr(begin).starts_with(kReservedPrefix)) {
    return InvalidArg(
        "cannot register shared memory region '{}' with key '{}' as the key contains the reserved prefix '{}'", name,
        key, kReservedPrefix);
  }
  return {};
}

// Bytes of the object, or -1 if it cannot have any to map.
int64_t ObjectBytes(int fd) {
  struct stat status = {};
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? status.st_size : -1;
}

}  // namespace

Expected<std::shared_ptr<Region>> SystemRegion::Open(std::string_view name, const SystemRegistration& registration) {
  const std::string& key = registration.key;
  RETURN_IF_ERROR(CheckKey(name, key));
  // A zero byte would end the name early, and open another object.
  const bool is_name = key.find('\0') == std::string::npos;
  const int fd = is_name ? shm_open(key.c_str(), O_RDWR, 0) : -1;
  if (fd < 0) return Internal("Unable to open shared memory region: '{}'", key);
  std::shared_ptr<SystemRegion> region(new SystemRegion(name, fd, registration.offset));
  const int64_t object_bytes = ObjectBytes(fd);
  if (object_bytes < 0) return Internal("Unable to open shared memory region: '{}'", key);
  RETURN_IF_ERROR(
      CheckObjectRange(name, registration.offset, registration.byte_size, static_cast<uint64_t>(object_bytes)));
  RETURN_IF_ERROR(region->Map(registration.byte_size));
  return std::shared_ptr<Region>(std::move(region));
}

Status SystemRegion::Map(uint64_t byte_size) {
  void* const base = mmap(nullptr, byte_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, static_cast<off_t>(offset_));
  if (base == MAP_FAILED) {
    // Nothing between the two parts: clients know the text so.
    return InvalidArg("failed to register shared memory region '{}': unable to process address space{}", name_,
                      std::generic_category().message(errno));
  }
  memory_.base = static_cast<char*>(base);
  memory_.byte_size = byte_size;
  guard_.emplace(base, byte_size);
  return {};
}

SystemRegion::~SystemRegion() {
  guard_.reset();
  if (memory_.base != nullptr) munmap(memory_.base, memory_.byte_size);
  close(fd_);
}

Status SystemRegion::CheckReach(uint64_t byte_size) const {
  RETURN_IF_ERROR(CheckIntact());
  const int64_t object_bytes = ObjectBytes(fd_);
  if (object_bytes >= 0 && static_cast<uint64_t>(object_bytes) >= offset_ + byte_size) return {};
  return InvalidArg("shared memory region '{}': expected an object of at least {} bytes, got {}: it was truncated",
                    name_, offset_ + byte_size, object_bytes);
}

Status SystemRegion::CheckIntact() const {
  if (!guard_->HasFaulted()) return {};
  return InvalidArg(
      "shared memory region '{}': its memory was gone when a request used it (the object was truncated, or /dev/shm is "
      "full); register it again",
      name_);
}

}  // namespace neso
