#include "command/infer/tensor.h"

#include <fmt/format.h>

#include "client/numbers.h"

namespace neso::command {

std::string ShapeText(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ",")); }

Expected<Tensor> Convert(Tensor tensor, TRITONSERVER_DataType datatype) {
  if (tensor.datatype == datatype) return tensor;
  if (tensor.datatype == TRITONSERVER_TYPE_BYTES || datatype == TRITONSERVER_TYPE_BYTES)
    return InvalidArg("expected {}, got {}", FactsOfDataType(datatype).name, tensor.TypeName());
  const size_t width = FactsOfDataType(tensor.datatype).byte_size;
  std::string bytes;
  bytes.reserve(tensor.bytes.size() / width * FactsOfDataType(datatype).byte_size);
  for (size_t at = 0; at + width <= tensor.bytes.size(); at += width)
    RETURN_IF_ERROR(client::AppendNumber(bytes, datatype, client::NumberAt(tensor.datatype, tensor.bytes.data() + at)));
  tensor.bytes = std::move(bytes);
  tensor.datatype = datatype;
  return tensor;
}

}  // namespace neso::command
