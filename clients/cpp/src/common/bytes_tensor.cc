#include "common/bytes_tensor.h"

namespace triton {
namespace client {

void AppendElement(std::string* tensor, const char* data, size_t byte_size) {
  const auto length = static_cast<uint32_t>(byte_size);
  for (int shift = 0; shift < 32; shift += 8) tensor->push_back(static_cast<char>(length >> shift));
  tensor->append(data, byte_size);
}

std::string BytesTensor(const std::vector<std::string>& elements) {
  std::string tensor;
  for (const std::string& element : elements) AppendElement(&tensor, element.data(), element.size());
  return tensor;
}

Error ReadBytesTensor(std::vector<std::string>* elements, const uint8_t* data, size_t byte_size) {
  elements->clear();
  for (const uint8_t *at = data, *end = data + byte_size; at != end;) {
    if (end - at < 4)
      return Error("a BYTES tensor ends within the length of element " + std::to_string(elements->size()));
    const uint32_t length = at[0] | at[1] << 8 | at[2] << 16 | uint32_t{at[3]} << 24;
    at += 4;
    if (static_cast<size_t>(end - at) < length) {
      return Error("element " + std::to_string(elements->size()) + " of a BYTES tensor has " + std::to_string(length) +
                   " bytes, but " + std::to_string(end - at) + " follow");
    }
    elements->emplace_back(reinterpret_cast<const char*>(at), length);
    at += length;
  }
  return Error::Success;
}

Error StringsOf(const InferResult& result, const std::string& output_name, std::vector<std::string>* strings) {
  std::string datatype;
  if (Error error = result.Datatype(output_name, &datatype); !error.IsOk()) return error;
  if (datatype != "BYTES") {
    return Error("This function supports tensors with datatype 'BYTES', requested output tensor '" + output_name +
                 "' with datatype '" + datatype + "'");
  }
  const uint8_t* data;
  size_t byte_size;
  if (Error error = result.RawData(output_name, &data, &byte_size); !error.IsOk()) return error;
  return ReadBytesTensor(strings, data, byte_size);
}

}  // namespace client
}  // namespace triton
