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

constexpr int kPopulateRead = 22;  // MADV_POPULATE_READ, which older headers lack

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
  std::shared_ptr<SystemRegion> region(new SystemRegion(name));
  const Status mapped = region->Map(fd, registration);
  close(fd);
  if (!mapped.ok()) return mapped;
  return std::shared_ptr<Region>(std::move(region));
}

Status SystemRegion::Map(int fd, const SystemRegistration& registration) {
  const auto& [key, offset, byte_size] = registration;
  const int64_t object_bytes = ObjectBytes(fd);
  if (object_bytes < 0) return Internal("Unable to open shared memory region: '{}'", key);
  RETURN_IF_ERROR(CheckObjectRange(name_, offset, byte_size, static_cast<uint64_t>(object_bytes)));
  void* const base = mmap(nullptr, byte_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, static_cast<off_t>(offset));
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
}

// Asks for the last page instead of touching it. A kernel that does not know the question (before 5.14) leaves it to
// the guard to notice.
Status SystemRegion::CheckReach(uint64_t byte_size) const {
  RETURN_IF_ERROR(CheckIntact());
  if (byte_size == 0) return {};
  static const auto page_bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  char* const last_page = memory_.base + (byte_size - 1) / page_bytes * page_bytes;
  if (madvise(last_page, page_bytes, kPopulateRead) == 0 || errno != EFAULT) return {};
  return InvalidArg(
      "shared memory region '{}': expected its first {} bytes to be there, and they are not: it was truncated, or "
      "/dev/shm is full",
      name_, byte_size);
}

Status SystemRegion::CheckIntact() const {
  if (!guard_->HasFaulted()) return {};
  return InvalidArg(
      "shared memory region '{}': its memory was gone when a request used it (the object was truncated, or /dev/shm is "
      "full); register it again",
      name_);
}

}  // namespace neso
