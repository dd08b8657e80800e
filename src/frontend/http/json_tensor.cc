#include "frontend/http/json_tensor.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/check.h"
#include "base/json_double.h"
#include "base/json_elements.h"
#include "base/json_scan.h"

namespace neso {
namespace {

// Calls `element` for every scalar of `data`, an array of elements or one scalar, in order.
template <typename Function>
Status ForEachElement(const JsonValue& data, Function& element) {
  return data.IsArray() ? ForEachJsonElement(JsonDocument::ElementsOf(data).text, element) : element(data);
}

// Bytes that `count` elements of `width` bytes take; never more than the text of `data` can hold ("1," is the shortest
// form of one), whatever a shape declares. Unset: there is no memory.
BufferRef AllocateElements(const JsonValue& data, size_t count, size_t width) {
  const size_t most = data.IsArray() ? JsonDocument::ElementsOf(data).text.size() / 2 : 1;
  return Buffer::TryAllocate(std::min(count, most) * width);
}

Status NoMemory(std::string_view input_name) { return Unavailable("no memory for input '{}'", input_name); }

// One accessor a kind of JSON value; narrower types truncate silently, as the contract says.
struct AsBoolean {
  static Expected<bool> Get(const JsonValue& value) { return AsBool(value); }
};
struct AsUint {
  static Expected<uint64_t> Get(const JsonValue& value) { return AsUnsigned(value); }
};
struct AsInt {
  static Expected<int64_t> Get(const JsonValue& value) {
    if (!value.IsInt64()) return Internal("attempt to access JSON non-signed-integer as signed-integer");
    return value.GetInt64();
  }
};
struct AsDouble {
  static Expected<double> Get(const JsonValue& value) {
    if (!value.IsNumber()) return Internal("attempt to access JSON non-number as double");
    return value.GetDouble();
  }
};

template <typename T, typename Accessor>
Expected<BufferRef> ParseFixed(std::string_view input_name, const JsonValue& data, size_t count) {
  BufferRef buffer = AllocateElements(data, count, sizeof(T));
  if (!buffer) return NoMemory(input_name);
  T* out = reinterpret_cast<T*>(buffer->data());
  size_t filled = 0;
  auto element = [&](const JsonValue& value) -> Status {
    if (filled == count) {
      return Internal("Unable to parse 'data': Shape does not match true shape of 'data' field");
    }
    auto got = Accessor::Get(value);
    if (!got) return UnableToParse("data", got.error());
    out[filled++] = static_cast<T>(*got);
    return {};
  };
  RETURN_IF_ERROR(ForEachElement(data, element));
  if (filled < count) return Internal("Failed to parse 'data' field: shape does not match true shape");
  return buffer;
}

template <typename T>
BufferRef ReadUsual(std::string_view array, size_t count, size_t max_bytes) {
  if (count > std::min(max_bytes / sizeof(T), array.size() / 2)) return {};
  BufferRef buffer = Buffer::TryAllocate(count * sizeof(T));
  if (!buffer || !ReadJsonElements<T>(array, {reinterpret_cast<T*>(buffer->data()), count})) return {};
  return buffer;
}

Status NoString() { return Internal("Unable to parse JSON bytes array: attempt to access JSON non-string as string"); }

// Of the tensor whose elements the strings of `data` are.
Expected<size_t> MeasureStrings(const JsonValue& data) {
  size_t total = 0;
  const auto add = [&total](const JsonStringText& string) { total += sizeof(uint32_t) + string.size; };
  if (data.IsArray() && ForEachJsonString(JsonDocument::ElementsOf(data).text, add)) return total;
  total = 0;
  auto measure = [&total](const JsonValue& value) -> Status {
    if (!value.IsString()) return NoString();
    total += sizeof(uint32_t) + value.GetStringLength();
    return {};
  };
  RETURN_IF_ERROR(ForEachElement(data, measure));
  return total;
}

// Precondition: MeasureStrings found no error, and there is as much room.
void CopyStrings(const JsonValue& data, char* const begin) {
  char* out = begin;
  const auto next = [&out](size_t size) {
    const auto length = static_cast<uint32_t>(size);
    std::memcpy(out, &length, sizeof(length));
    char* const text = out + sizeof(length);
    out = text + length;
    return text;
  };
  const auto copy = [&next](const JsonStringText& string) { string.CopyTo(next(string.size)); };
  if (data.IsArray() && ForEachJsonString(JsonDocument::ElementsOf(data).text, copy)) return;
  out = begin;
  auto copy_any = [&next](const JsonValue& value) -> Status {
    std::ranges::copy(JsonText(value), next(value.GetStringLength()));
    return {};
  };
  const Status status = ForEachElement(data, copy_any);
  CHECK(status.ok(), "all elements are strings, or measuring them would have failed");
}

Expected<BufferRef> ParseBytes(const JsonValue& data, std::string_view input_name, size_t max_bytes) {
  ASSIGN_OR_RETURN(const size_t total, MeasureStrings(data));
  if (total > max_bytes) {
    return InvalidArg(
        "JSON input '{}' has a byte_size ({} bytes) that exceeds the maximum allowed value of {} bytes. Use "
        "--http-max-input-size to increase the limit.",
        input_name, total, max_bytes);
  }
  BufferRef buffer = Buffer::TryAllocate(total);
  if (!buffer) return NoMemory(input_name);
  CopyStrings(data, buffer->data());
  return buffer;
}

Expected<BufferRef> ParseByType(std::string_view input_name, DataType datatype, const JsonValue& data, size_t count) {
  switch (datatype) {
    case DataType::kBool: return ParseFixed<bool, AsBoolean>(input_name, data, count);
    case DataType::kUint8: return ParseFixed<uint8_t, AsUint>(input_name, data, count);
    case DataType::kUint16: return ParseFixed<uint16_t, AsUint>(input_name, data, count);
    case DataType::kUint32: return ParseFixed<uint32_t, AsUint>(input_name, data, count);
    case DataType::kUint64: return ParseFixed<uint64_t, AsUint>(input_name, data, count);
    case DataType::kInt8: return ParseFixed<int8_t, AsInt>(input_name, data, count);
    case DataType::kInt16: return ParseFixed<int16_t, AsInt>(input_name, data, count);
    case DataType::kInt32: return ParseFixed<int32_t, AsInt>(input_name, data, count);
    case DataType::kInt64: return ParseFixed<int64_t, AsInt>(input_name, data, count);
    case DataType::kFp32: return ParseFixed<float, AsDouble>(input_name, data, count);
    case DataType::kFp64: return ParseFixed<double, AsDouble>(input_name, data, count);
    default: return Internal("unexpected datatype {} of JSON data", DataTypeName(datatype));
  }
}

// Writers of one element: each writes to `out`, where there is room for the longest text, and returns its end.
constexpr size_t kMaxElementText = kMaxJsonDouble;

struct WriteBoolean {
  static char* Write(bool value, char* out) {
    const std::string_view text = value ? "true" : "false";
    return std::copy(text.begin(), text.end(), out);
  }
};
struct WriteInteger {
  template <typename T>
  static char* Write(T value, char* out) {
    return std::to_chars(out, out + kMaxElementText, value).ptr;
  }
};
struct WriteReal {
  static char* Write(double value, char* out) { return WriteJsonDouble(value, out); }
};

// Writes several elements before it grows the text: doing that for each costs more than writing a small integer. The
// first ones tell how much room the others will take, more or less.
template <typename T, typename Writer>
void AppendFixed(std::string& json, const void* base, size_t byte_size) {
  constexpr size_t kAtOnce = 64;
  char text[kAtOnce * (kMaxElementText + 1)];
  const char* bytes = static_cast<const char*>(base);
  const size_t total = byte_size / sizeof(T);
  for (size_t done = 0; done < total;) {
    const size_t count = std::min(total - done, kAtOnce);
    char* out = text;
    for (size_t i = 0; i < count; ++i, bytes += sizeof(T)) {
      T value;
      std::memcpy(&value, bytes, sizeof(T));  // shared-memory outputs need not be aligned
      out = Writer::Write(value, out);
      *out++ = ',';
    }
    const auto size = static_cast<size_t>(out - text);
    if (done == 0) json.reserve(json.size() + (size * total + size * total / 16) / count);
    json.append(text, size);
    done += count;
  }
}

Status AppendBytes(std::string& json, const char* bytes, size_t byte_size) {
  size_t offset = 0;
  while (offset < byte_size) {
    uint32_t length = 0;
    if (byte_size - offset < sizeof(length)) return Internal("unexpected end of BYTES output data");
    std::memcpy(&length, bytes + offset, sizeof(length));
    offset += sizeof(length);
    if (byte_size - offset < length) return Internal("BYTES output element is longer than the output's data");
    AppendJsonString(json, {bytes + offset, length});
    json.push_back(',');
    offset += length;
  }
  return {};
}

Status CheckHasJsonForm(std::string_view input_name, DataType datatype) {
  if (datatype != DataType::kFp16 && datatype != DataType::kBf16) return {};
  return InvalidArg("receiving {} data via JSON is not supported. Please use the binary data format for input {}",
                    DataTypeName(datatype), input_name);
}

bool IsOneElement(DataType datatype, const void* base, size_t byte_size) {
  if (datatype != DataType::kBytes) return byte_size == DataTypeByteSize(datatype);
  uint32_t length = 0;
  if (byte_size < sizeof(length)) return false;
  std::memcpy(&length, base, sizeof(length));
  return length == byte_size - sizeof(length);
}

}  // namespace

BufferRef ReadUsualJsonTensor(DataType datatype, int64_t element_count, const JsonElements& data, size_t max_bytes) {
  const auto count = static_cast<size_t>(element_count);
  switch (datatype) {
    case DataType::kBool: return ReadUsual<bool>(data.text, count, max_bytes);
    case DataType::kUint8: return ReadUsual<uint8_t>(data.text, count, max_bytes);
    case DataType::kUint16: return ReadUsual<uint16_t>(data.text, count, max_bytes);
    case DataType::kUint32: return ReadUsual<uint32_t>(data.text, count, max_bytes);
    case DataType::kUint64: return ReadUsual<uint64_t>(data.text, count, max_bytes);
    case DataType::kInt8: return ReadUsual<int8_t>(data.text, count, max_bytes);
    case DataType::kInt16: return ReadUsual<int16_t>(data.text, count, max_bytes);
    case DataType::kInt32: return ReadUsual<int32_t>(data.text, count, max_bytes);
    case DataType::kInt64: return ReadUsual<int64_t>(data.text, count, max_bytes);
    case DataType::kFp32: return ReadUsual<float>(data.text, count, max_bytes);
    case DataType::kFp64: return ReadUsual<double>(data.text, count, max_bytes);
    default: return {};
  }
}

Expected<BufferRef> ParseJsonTensor(std::string_view input_name, DataType datatype, int64_t element_count,
                                    const JsonValue& data, size_t max_bytes) {
  RETURN_IF_ERROR(CheckHasJsonForm(input_name, datatype));
  if (Status status = CheckArray(data); !status.ok()) return UnableToParse("data", status);
  return ParseJsonElements(input_name, datatype, element_count, data, max_bytes);
}

Expected<BufferRef> ParseJsonElements(std::string_view input_name, DataType datatype, int64_t element_count,
                                      const JsonValue& data, size_t max_bytes) {
  RETURN_IF_ERROR(CheckHasJsonForm(input_name, datatype));
  if (datatype == DataType::kBytes) return ParseBytes(data, input_name, max_bytes);
  if (data.IsArray()) {
    BufferRef usual = ReadUsualJsonTensor(datatype, element_count, JsonDocument::ElementsOf(data), max_bytes);
    if (usual) return usual;
  }
  const size_t width = DataTypeByteSize(datatype);
  // Compared by division: a shape may claim up to 2^63 elements.
  if (static_cast<uint64_t>(element_count) > max_bytes / width) {
    return InvalidArg(
        "JSON input '{}' has a byte_size ({} bytes) that exceeds the maximum allowed value of {} bytes. Use "
        "--http-max-input-size to increase the limit.",
        input_name, static_cast<uint64_t>(element_count) * width, max_bytes);
  }
  return ParseByType(input_name, datatype, data, static_cast<size_t>(element_count));
}

Status AppendJsonTensor(std::string& json, DataType datatype, const void* base, size_t byte_size) {
  json.push_back('[');
  const size_t start = json.size();
  switch (datatype) {
    case DataType::kBool: AppendFixed<uint8_t, WriteBoolean>(json, base, byte_size); break;
    case DataType::kUint8: AppendFixed<uint8_t, WriteInteger>(json, base, byte_size); break;
    case DataType::kUint16: AppendFixed<uint16_t, WriteInteger>(json, base, byte_size); break;
    case DataType::kUint32: AppendFixed<uint32_t, WriteInteger>(json, base, byte_size); break;
    case DataType::kUint64: AppendFixed<uint64_t, WriteInteger>(json, base, byte_size); break;
    case DataType::kInt8: AppendFixed<int8_t, WriteInteger>(json, base, byte_size); break;
    case DataType::kInt16: AppendFixed<int16_t, WriteInteger>(json, base, byte_size); break;
    case DataType::kInt32: AppendFixed<int32_t, WriteInteger>(json, base, byte_size); break;
    case DataType::kInt64: AppendFixed<int64_t, WriteInteger>(json, base, byte_size); break;
    case DataType::kFp32: AppendFixed<float, WriteReal>(json, base, byte_size); break;
    case DataType::kFp64: AppendFixed<double, WriteReal>(json, base, byte_size); break;
    case DataType::kBytes: RETURN_IF_ERROR(AppendBytes(json, static_cast<const char*>(base), byte_size)); break;
    case DataType::kFp16:
    case DataType::kBf16:
      return InvalidArg("sending {} data via JSON is not supported. Please use the binary data format for output",
                        DataTypeName(datatype));
    case DataType::kInvalid: return Internal("output has no datatype");
  }
  if (json.size() > start) json.pop_back();  // the last comma
  json.push_back(']');
  return {};
}

Status AppendJsonElements(std::string& json, DataType datatype, const void* base, size_t byte_size) {
  const size_t start = json.size();
  RETURN_IF_ERROR(AppendJsonTensor(json, datatype, base, byte_size));
  if (!IsOneElement(datatype, base, byte_size)) return {};
  json.erase(start, 1);
  json.pop_back();
  return {};
}

}  // namespace neso
