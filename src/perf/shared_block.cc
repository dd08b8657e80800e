#include "perf/shared_block.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/owned_descriptor.h"
#include "device/cuda_driver.h"

namespace neso::perf {
namespace {

class SystemBlock final : public SharedBlock {
 public:
  static Expected<std::unique_ptr<SharedBlock>> Make(const std::string& name, uint64_t bytes) {
    std::unique_ptr<SystemBlock> block(new SystemBlock({.name = name, .bytes = bytes, .key = "/" + name}));
    RETURN_IF_ERROR(block->Map());
    return std::unique_ptr<SharedBlock>(std::move(block));
  }
  ~SystemBlock() override {
    if (mapped_ != MAP_FAILED) munmap(mapped_, region_.bytes);
    shm_unlink(region_.key.c_str());
  }
  SystemBlock(const SystemBlock&) = delete;
  SystemBlock& operator=(const SystemBlock&) = delete;

  Status Write(uint64_t offset, std::string_view bytes) override {
    bytes.copy(static_cast<char*>(mapped_) + offset, bytes.size());
    return {};
  }

 private:
  explicit SystemBlock(SharedRegion region) : SharedBlock(std::move(region)) {}

  Status Map() {
    const auto failure = [](const char* what) {
      return Unavailable("no shared memory is to be had: {}: {}", what, std::strerror(errno));
    };
    const OwnedDescriptor memory(shm_open(region_.key.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (memory.get() < 0) return failure("shm_open");
    // Taken now: a page that is not there when it is written would end the process.
    if (const int error = posix_fallocate(memory.get(), 0, static_cast<off_t>(region_.bytes)); error != 0) {
      errno = error;
      return failure("posix_fallocate");
    }
    mapped_ = mmap(nullptr, region_.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
    return mapped_ == MAP_FAILED ? failure("mmap") : Status();
  }

  void* mapped_ = MAP_FAILED;
};

class CudaBlock final : public SharedBlock {
 public:
  static Expected<std::unique_ptr<SharedBlock>> Make(const std::string& name, uint64_t bytes) {
    ASSIGN_OR_RETURN(const std::shared_ptr<CudaDriver> driver, CudaDriver::OfProcess());
    ASSIGN_OR_RETURN(const uint64_t address, driver->Allocate(kDevice, bytes));
    std::unique_ptr<CudaBlock> block(new CudaBlock({.name = name, .bytes = bytes, .device = kDevice}, driver, address));
    ASSIGN_OR_RETURN(const CudaIpcHandle handle, driver->IpcHandleOf(kDevice, address));
    block->region_.cuda_handle.assign(handle.bytes.data(), handle.bytes.size());
    return std::unique_ptr<SharedBlock>(std::move(block));
  }
  ~CudaBlock() override { driver_->Free(kDevice, address_); }
  CudaBlock(const CudaBlock&) = delete;
  CudaBlock& operator=(const CudaBlock&) = delete;

  Status Write(uint64_t offset, std::string_view bytes) override {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the driver's addresses are numbers
    return driver_->Copy(kDevice, reinterpret_cast<void*>(address_ + offset), bytes.data(), bytes.size());
  }

 private:
  static constexpr int64_t kDevice = 0;

  CudaBlock(SharedRegion region, std::shared_ptr<CudaDriver> driver, uint64_t address)
      : SharedBlock(std::move(region)), driver_(std::move(driver)), address_(address) {}

  const std::shared_ptr<CudaDriver> driver_;
  const uint64_t address_;
};

}  // namespace

Expected<std::unique_ptr<SharedBlock>> MakeSharedBlock(SharedMemory kind, const std::string& name, uint64_t bytes) {
  return kind == SharedMemory::kCuda ? CudaBlock::Make(name, bytes) : SystemBlock::Make(name, bytes);
}

}  // namespace neso::perf
