#include "segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "protocol.h"

namespace neso::python {
namespace {

using backend::Status;

constexpr uint64_t kRegionSize = uint64_t{16} << 30;
constexpr uint64_t kSmallestRegion = uint64_t{64} << 20;

// What one worker may have of a process whose address space or files are limited.
uint64_t AffordableRegion(uint64_t limit_of_worker) {
  uint64_t size = limit_of_worker != 0 ? std::min(kRegionSize, limit_of_worker) : kRegionSize;
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) size = std::min(size, limit.rlim_cur / 32);
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    size = std::min(size, limit.rlim_cur / 4);
  }
  return std::max(size & ~uint64_t{0xfffff}, kSmallestRegion);
}

Status SystemError(const char* what) {
  return Status::Internal("cannot share memory with a Python worker: ", what, ": ", std::strerror(errno));
}

}  // namespace

backend::Result<std::unique_ptr<Segment>> Segment::Create(uint64_t limit) {
  const uint64_t region_size = AffordableRegion(limit);
  const uint64_t size = kControlSize + 2 * region_size;
  const int fd = memfd_create("neso-python", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return SystemError("memfd_create");
  if (ftruncate(fd, static_cast<off_t>(size)) != 0 ||
      fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    Status error = SystemError("ftruncate");
    close(fd);
    return error;
  }
  void* const base = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (base == MAP_FAILED) {
    Status error = SystemError("mmap");
    close(fd);
    return error;
  }
  madvise(base, size, MADV_DONTDUMP);
  return std::unique_ptr<Segment>(new Segment(fd, static_cast<std::byte*>(base), region_size));
}

Segment::Segment(int fd, std::byte* base, uint64_t region_size)
    : fd_(fd), base_(base), region_size_(region_size), size_(kControlSize + 2 * region_size) {}

Segment::~Segment() {
  CloseFd();
  munmap(base_, size_);
}

void Segment::CloseFd() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

void Segment::ReturnToWorker(uint64_t offset, uint64_t length) const {
  const uint64_t kept_from = size_ - std::min(size_, kKept);
  if (offset < kept_from) Discard(offset, std::min(length, kept_from - offset));
  __atomic_store_n(reinterpret_cast<uint32_t*>(base_ + offset - kTensorAlignment), 0u, __ATOMIC_RELEASE);
}

void Segment::Discard(uint64_t offset, uint64_t length) const {
  constexpr uint64_t kPage = 4096;
  const uint64_t begin = (offset + kPage - 1) & ~(kPage - 1);
  const uint64_t end = (offset + length) & ~(kPage - 1);
  if (begin < end) madvise(base_ + begin, end - begin, MADV_REMOVE);
}

}  // namespace neso::python
