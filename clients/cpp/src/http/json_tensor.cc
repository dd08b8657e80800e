#include "http/json_tensor.h"

#include <cstring>
#include <utility>
#include <vector>

#include "common/bytes_tensor.h"

namespace triton {
namespace client {
namespace {

// Calls visit(T{}) for the type in memory of `datatype`; false if it is none of a fixed size that JSON can hold.
template <typename Visit>
bool WithTypeOf(const std::string& datatype, Visit visit) {
  if (datatype == "BOOL")
    visit(bool{});
  else if (datatype == "UINT8")
    visit(uint8_t{});
  else if (datatype == "UINT16")
    visit(uint16_t{});
  else if (datatype == "UINT32")
    visit(uint32_t{});
  else if (datatype == "UINT64")
    visit(uint64_t{});
  else if (datatype == "INT8")
    visit(int8_t{});
  else if (datatype == "INT16")
    visit(int16_t{});
  else if (datatype == "INT32")
    visit(int32_t{});
  else if (datatype == "INT64")
    visit(int64_t{});
  else if (datatype == "FP32")
    visit(float{});
  else if (datatype == "FP64")
    visit(double{});
  else
    return false;
  return true;
}

template <typename T>
void WriteElements(JsonWriter* writer, const std::string& bytes) {
  for (size_t at = 0; at < bytes.size(); at += sizeof(T)) {
    if constexpr (std::is_same_v<T, bool>) {
      writer->Bool(bytes[at] != 0);
    } else {
      T value;
      std::memcpy(&value, &bytes[at], sizeof(T));
      if constexpr (std::is_floating_point_v<T>)
        writer->Double(value);
      else if constexpr (std::is_signed_v<T>)
        writer->Int64(value);
      else
        writer->Uint64(value);
    }
  }
}

// Where the elements are: pieces may end anywhere.
std::string BytesOf(const InferInput& input) {
  std::string bytes;
  for (const auto& [data, size] : input.RawPieces()) bytes.append(reinterpret_cast<const char*>(data), size);
  return bytes;
}

Error WriteStrings(JsonWriter* writer, const std::string& bytes) {
  std::vector<std::string> elements;
  Error error = ReadBytesTensor(&elements, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  for (const std::string& element : elements) {
    writer->String(element.data(), static_cast<rapidjson::SizeType>(element.size()));
  }
  return error;
}

template <typename T>
bool ReadElement(std::string* tensor, const rapidjson::Value& value) {
  T element;
  if constexpr (std::is_same_v<T, bool>) {
    if (!value.IsBool()) return false;
    element = value.GetBool();
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!value.IsNumber()) return false;
    element = static_cast<T>(value.GetDouble());
  } else if constexpr (std::is_signed_v<T>) {
    if (!value.IsInt64()) return false;
    element = static_cast<T>(value.GetInt64());
    if (element != value.GetInt64()) return false;
  } else {
    if (!value.IsUint64()) return false;
    element = static_cast<T>(value.GetUint64());
    if (element != value.GetUint64()) return false;
  }
  tensor->append(reinterpret_cast<const char*>(&element), sizeof element);
  return true;
}

// A server may nest arrays deeper than calls can.
template <typename ReadOne>
bool ReadAll(const rapidjson::Value& value, ReadOne read_one) {
  using Range = std::pair<const rapidjson::Value*, const rapidjson::Value*>;
  std::vector<Range> unread{{&value, &value + 1}};
  while (!unread.empty()) {
    auto& [next, end] = unread.back();
    if (next == end) {
      unread.pop_back();
    } else if (const rapidjson::Value& element = *next++; element.IsArray()) {
      unread.emplace_back(element.Begin(), element.End());
    } else if (!read_one(element)) {
      return false;
    }
  }
  return true;
}

}  // namespace

Error WriteJsonTensor(JsonWriter* writer, const InferInput& input) {
  const std::string bytes = BytesOf(input);
  Error error;
  writer->StartArray();
  if (input.Datatype() == "BYTES") {
    error = WriteStrings(writer, bytes);
  } else if (!WithTypeOf(input.Datatype(), [&](auto type) {
               if (bytes.size() % sizeof type == 0) return WriteElements<decltype(type)>(writer, bytes);
               error = Error("input '" + input.Name() + "': " + std::to_string(bytes.size()) +
                             " bytes are no whole number of elements of datatype '" + input.Datatype() + "'");
             })) {
    error = Error("datatype '" + input.Datatype() + "' is not supported with JSON. Please use the binary data format");
  }
  writer->EndArray();
  return error;
}

Error ReadJsonTensor(std::string* tensor, const rapidjson::Value& data, const std::string& datatype) {
  bool fits = true;
  if (datatype == "BYTES") {
    fits = ReadAll(data, [tensor](const rapidjson::Value& value) {
      if (value.IsString()) AppendElement(tensor, value.GetString(), value.GetStringLength());
      return value.IsString();
    });
  } else if (!WithTypeOf(datatype, [&](auto type) {
               fits = ReadAll(data, [tensor](const rapidjson::Value& value) {
                 return ReadElement<decltype(type)>(tensor, value);
               });
             })) {
    return Error("datatype '" + datatype + "' is not supported with JSON.");
  }
  return fits ? Error::Success : Error("an element of the response's data is not of datatype '" + datatype + "'");
}

}  // namespace client
}  // namespace triton
