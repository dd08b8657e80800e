#include "tensor_memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <mimalloc.h>

namespace neso::pytorch {
namespace {

constexpr size_t kAlignment = 64;  // what PyTorch's own allocator gives: a cache line, the widest vector

class TensorMemory final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t byte_size) override {
    void* memory = byte_size == 0 ? nullptr : mi_malloc_aligned(byte_size, kAlignment);
    TORCH_CHECK_WITH(OutOfMemoryError, memory != nullptr || byte_size == 0, "not enough memory: a tensor of ",
                     byte_size, " bytes was asked for");
    return {memory, memory, &mi_free, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &mi_free; }
  void copy_data(void* destination, const void* source, size_t byte_size) const override {
    default_copy_data(destination, source, byte_size);
  }
};

}  // namespace

void UseTensorMemory() {
  static TensorMemory memory;
  c10::SetCPUAllocator(&memory);
}

}  // namespace neso::pytorch
