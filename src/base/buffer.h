// Payload memory: reference-counted, 64-byte aligned, from pools that give memory back when idle.
//
//   BufferRef body = Buffer::Allocate(content_length, header_length);   // byte `header_length` falls on a 64-byte
//   border read(fd, body->data(), body->size());
//
// A request body is one Buffer; tensors are views into it, and whoever keeps a view keeps a BufferRef beside it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace neso {

inline constexpr size_t kTensorAlignment = 64;

class Buffer;

// Shared ownership of a Buffer. Thread-safe as std::shared_ptr is; one pointer wide.
class BufferRef {
 public:
  BufferRef() = default;
  BufferRef(const BufferRef& other);
  BufferRef(BufferRef&& other) noexcept : buffer_(std::exchange(other.buffer_, nullptr)) {}
  BufferRef& operator=(BufferRef other) noexcept {
    std::swap(buffer_, other.buffer_);
    return *this;
  }
  ~BufferRef();

  Buffer* get() const { return buffer_; }
  Buffer* operator->() const { return buffer_; }
  Buffer& operator*() const { return *buffer_; }
  explicit operator bool() const { return buffer_ != nullptr; }

 private:
  friend class Buffer;
  explicit BufferRef(Buffer* adopted) : buffer_(adopted) {}
  Buffer* buffer_ = nullptr;
};

// When a buffer is charged to the process's MemoryBudget.
enum class BufferCharge {
  kAlways,        // at once, even beyond its limit: for what a request that was let in needs
  kWithinBudget,  // at once; there is no buffer when the limit would be passed
  kAsFilled,      // by ChargeFilled, as bytes come: until then it is no more than address space
};

class Buffer {
 public:
  // Exactly `size` bytes, uninitialised, with (data() + aligned_offset) on a kTensorAlignment border.
  // Precondition: aligned_offset <= size. Sizes of a pooled class come from the pool: fresh mappings of 600 KB cost 150
  // page faults a request (measured with real Triton's bodies). Throws std::bad_alloc when memory is out.
  static BufferRef Allocate(size_t size, size_t aligned_offset = 0);
  // The same, null when memory is out, or the budget: for sizes that a client names.
  static BufferRef TryAllocate(size_t size, size_t aligned_offset = 0,
                               BufferCharge charge = BufferCharge::kAlways) noexcept;

  // Memory that is somebody else's, which nobody writes to here. The owner hears when it is used no longer:
  // `give_back(owner)`, once, on any thread. Charged as kAlways. Null when memory for the header is out; then nobody
  // hears anything.
  using GiveBack = void (*)(void* owner);
  static BufferRef TryBorrow(const void* data, size_t size, GiveBack give_back, void* owner) noexcept;

  // Gives the memory of all pools back to the system; called after unloads.
  static void TrimPools();
  // Gives back what was not needed since the last call; an idle timer calls it. False when none is free or lent.
  static bool DecayPools();
  static size_t PooledBytesForTest();
  // In use: what is lent from the pools, and larger blocks. Small buffers, which malloc gives, are not counted.
  static size_t LentBytes();

  // The first `bytes` are, or will be, filled: they are charged in strides. False when the budget does not allow it.
  [[nodiscard]] bool ChargeFilled(size_t bytes);

  char* data() { return data_; }
  const char* data() const { return data_; }
  size_t size() const { return size_; }
  std::span<char> bytes() { return {data_, size_}; }
  // Shortens, when the final size is known late (decompression). Precondition: size <= this->size().
  void Shrink(size_t size) { size_ = size; }

 private:
  friend class BufferRef;
  Buffer() = default;
  void Release() noexcept;

  std::atomic<uint32_t> references_{1};
  uint32_t size_class_ = 0;
  char* data_ = nullptr;
  size_t size_ = 0;
  size_t block_bytes_ = 0;  // of the block this header stands at the start of
  size_t charged_ = 0;      // to the budget; of those from the heap it is always all
};

inline BufferRef::BufferRef(const BufferRef& other) : buffer_(other.buffer_) {
  if (buffer_ != nullptr) buffer_->references_.fetch_add(1, std::memory_order_relaxed);
}

inline BufferRef::~BufferRef() {
  if (buffer_ != nullptr && buffer_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) buffer_->Release();
}

}  // namespace neso
