// What running on a GPU asks of PyTorch beyond calling the model; nothing of it happens for the CPU.
#pragma once

#include <c10/core/Device.h>

namespace neso::pytorch {

// Until the work that this thread has given to the device is done. Throws what PyTorch throws, the kernels' errors too.
void WaitFor(const c10::Device& device);

// Gives back to the driver what PyTorch keeps of the device's memory and nobody uses. Throws what PyTorch throws.
void ReturnUnusedMemory(const c10::Device& device);

// Stands before the members whose memory is to leave with their owner.
class ReturnsMemory {
 public:
  explicit ReturnsMemory(const c10::Device& device) : device_(device) {}
  ~ReturnsMemory();
  ReturnsMemory(const ReturnsMemory&) = delete;
  ReturnsMemory& operator=(const ReturnsMemory&) = delete;

 private:
  const c10::Device device_;
};

}  // namespace neso::pytorch
