// Datatypes, memory, parameters: the small nouns of a request. Numbers are the C ABI's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"
#include "core/abi.h"
#include "device/memory_type.h"

namespace neso {

enum class DataType : uint8_t {
  kInvalid = 0,
  kBool,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFp16,
  kFp32,
  kFp64,
  kBytes,
  kBf16,
};
// "FP32", "BYTES", ...; "<invalid>" for kInvalid.
const char* DataTypeName(DataType type);
// kInvalid for an unknown name.
DataType DataTypeFromName(std::string_view name);
// Bytes of one element; 0 for kBytes and kInvalid.
uint32_t DataTypeByteSize(DataType type);

using Shape = std::vector<int64_t>;
// "[-1,16]"
std::string ShapeText(const Shape& shape);
// Elements of a fully specified shape (empty: 1); -1 when a dimension is negative or the product exceeds int64.
int64_t ElementCount(const Shape& shape);

// TRITONSERVER_BufferAttributes.
class BufferAttributes final : public TRITONSERVER_BufferAttributes {
 public:
  size_t byte_size = 0;
  MemoryType memory_type = MemoryType::kCpu;
  int64_t memory_type_id = 0;
  void* cuda_ipc_handle = nullptr;
};

// A custom parameter of a request or response (the C ABI's STRING, INT, BOOL, DOUBLE).
using ParameterValue = std::variant<std::string, int64_t, bool, double>;
struct NamedParameter {
  std::string name;
  ParameterValue value;
  TRITONSERVER_ParameterType type() const {
    constexpr TRITONSERVER_ParameterType kTypes[] = {TRITONSERVER_PARAMETER_STRING, TRITONSERVER_PARAMETER_INT,
                                                     TRITONSERVER_PARAMETER_BOOL, TRITONSERVER_PARAMETER_DOUBLE};
    return kTypes[value.index()];
  }
  // char*, int64_t*, bool* or double*, as the C ABI hands it out; valid as long as this parameter.
  const void* data() const;
};

// 0, an unsigned number or a string of at most 128 bytes names the sequence a request belongs to.
class CorrelationId {
 public:
  CorrelationId() = default;
  explicit CorrelationId(uint64_t number) : number_(number) {}
  explicit CorrelationId(std::string text) : is_text_(true), text_(std::move(text)) {}
  bool is_text() const { return is_text_; }
  uint64_t number() const { return number_; }
  const std::string& text() const { return text_; }
  bool InSequence() const { return is_text_ ? !text_.empty() : number_ != 0; }
  bool operator==(const CorrelationId&) const = default;

 private:
  bool is_text_ = false;
  uint64_t number_ = 0;
  std::string text_;
};
inline constexpr size_t kMaxCorrelationIdBytes = 128;

}  // namespace neso
