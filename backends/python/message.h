// Reading and writing the bodies of messages (protocol.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "neso/backend/datatype.h"
#include "own_block.h"
#include "protocol.h"
#include "segment.h"

namespace neso::python {

// Writes to memory that is large enough: the caller has counted.
class MessageWriter {
 public:
  explicit MessageWriter(std::byte* to) : begin_(to), to_(to) {}

  template <typename T>
  void Put(const T& value) {
    std::memcpy(to_, &value, sizeof(T));
    to_ += sizeof(T);
  }
  void PutBytes(const void* from, size_t size) {
    if (size != 0) std::memcpy(to_, from, size);
    to_ += size;
  }
  void PutText(std::string_view text) { PutBytes(text.data(), text.size()); }
  size_t size() const { return static_cast<size_t>(to_ - begin_); }

 private:
  std::byte* begin_;
  std::byte* to_;
};

struct TensorRecord {
  std::string_view name;
  backend::DataType datatype = TRITONSERVER_TYPE_INVALID;
  std::vector<int64_t> shape;
  const std::byte* data = nullptr;  // in the segment, or in the message
  uint64_t byte_size = 0;
  OwnBlock block{};  // if it lies in one
};

// Reads bytes that nobody changes any more; what is not there is zero or empty, and ok() says so.
class MessageReader {
 public:
  explicit MessageReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <typename T>
  T Get() {
    T value{};
    if (Needs(sizeof(T))) {
      std::memcpy(&value, rest_.data(), sizeof(T));
      rest_ = rest_.subspan(sizeof(T));
    }
    return value;
  }
  std::string_view GetText(size_t size) {
    if (!Needs(size)) return {};
    const std::string_view text(reinterpret_cast<const char*>(rest_.data()), size);
    rest_ = rest_.subspan(size);
    return text;
  }
  std::string_view Rest() { return GetText(rest_.size()); }
  // Its datatype is one that there is, and its bytes are there.
  TensorRecord GetTensor(const Segment& segment) {
    TensorRecord tensor;
    const auto datatype = Get<uint8_t>();
    const auto rank = Get<uint8_t>();
    const auto name_size = Get<uint16_t>();
    ok_ = ok_ && datatype != TRITONSERVER_TYPE_INVALID && IsDataType(datatype);
    if (ok_) tensor.datatype = static_cast<backend::DataType>(datatype);
    for (int i = 0; i < rank && ok_; ++i) tensor.shape.push_back(Get<int64_t>());
    tensor.name = GetText(name_size);
    const auto offset = Get<uint64_t>();
    tensor.byte_size = Get<uint64_t>();
    if (offset == kInline) {
      tensor.data = reinterpret_cast<const std::byte*>(GetText(tensor.byte_size).data());
    } else if ((offset & kOwnBlock) != 0) {
      PutInBlock(tensor, offset & ~kOwnBlock, segment);
    } else {
      tensor.data = segment.Find(offset, tensor.byte_size);
    }
    ok_ = ok_ && tensor.data != nullptr;
    return tensor;
  }
  bool ok() const { return ok_; }

 private:
  static void PutInBlock(TensorRecord& tensor, uint64_t offset, const Segment& segment) {
    if (offset < kTensorAlignment || offset % kTensorAlignment != 0) return;
    if (segment.FindOfWorker(offset - kTensorAlignment, kTensorAlignment) == nullptr) return;
    tensor.data = segment.FindOfWorker(offset, tensor.byte_size);
    if (tensor.data != nullptr) tensor.block = OwnBlock(segment, offset, tensor.byte_size);
  }
  bool Needs(size_t size) {
    ok_ = ok_ && size <= rest_.size();
    return ok_;
  }

  std::span<const std::byte> rest_;
  bool ok_ = true;
};

inline size_t TensorRecordSize(std::string_view name, size_t rank) { return 4 + 8 * rank + name.size() + 16; }

// The part of a tensor's record that says what it is.
inline void PutTensorType(MessageWriter& to, std::string_view name, backend::DataType datatype,
                          std::span<const int64_t> shape) {
  to.Put(static_cast<uint8_t>(datatype));
  to.Put(static_cast<uint8_t>(shape.size()));
  to.Put(static_cast<uint16_t>(name.size()));
  to.PutBytes(shape.data(), shape.size_bytes());
  to.PutText(name);
}

}  // namespace neso::python
