#include "command/infer/tensor.h"

#include <fmt/format.h>

#include <cstring>

#include "command/infer/numbers.h"

namespace neso::command {

std::string ShapeText(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ",")); }

void AppendText(std::string& bytes, std::string_view text) {
  const auto size = static_cast<uint32_t>(text.size());
  char length[sizeof(size)];
  std::memcpy(length, &size, sizeof(size));
  bytes.append(length, sizeof(length)).append(text);
}

Expected<std::vector<std::string_view>> TextsIn(std::string_view bytes) {
  std::vector<std::string_view> texts;
  while (!bytes.empty()) {
    uint32_t size = 0;
    if (bytes.size() < sizeof(size)) return InvalidArg("expected the length of a text, got {} bytes", bytes.size());
    std::memcpy(&size, bytes.data(), sizeof(size));
    bytes.remove_prefix(sizeof(size));
    if (size > bytes.size()) return InvalidArg("expected a text of {} bytes, got {}", size, bytes.size());
    texts.push_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return texts;
}

Expected<Tensor> Convert(Tensor tensor, TRITONSERVER_DataType datatype) {
  if (tensor.datatype == datatype) return tensor;
  if (tensor.datatype == TRITONSERVER_TYPE_BYTES || datatype == TRITONSERVER_TYPE_BYTES)
    return InvalidArg("expected {}, got {}", FactsOfDataType(datatype).name, tensor.TypeName());
  const size_t width = FactsOfDataType(tensor.datatype).byte_size;
  std::string bytes;
  bytes.reserve(tensor.bytes.size() / width * FactsOfDataType(datatype).byte_size);
  for (size_t at = 0; at + width <= tensor.bytes.size(); at += width)
    RETURN_IF_ERROR(AppendNumber(bytes, datatype, NumberAt(tensor.datatype, tensor.bytes.data() + at)));
  tensor.bytes = std::move(bytes);
  tensor.datatype = datatype;
  return tensor;
}

}  // namespace neso::command
