#include "perf/tensor.h"

#include <fmt/format.h>

#include <algorithm>

#include "client/text_elements.h"
#include "neso/datatype.h"

namespace neso::perf {

Expected<uint64_t> ElementsOf(const std::string& name, const std::vector<int64_t>& shape) {
  uint64_t elements = 1;
  for (const int64_t size : shape) {
    if (size < 0) return InvalidArg("'{}': shape [{}] has a negative size", name, fmt::join(shape, ","));
    if (size != 0 && elements > kMostRequestBytes / static_cast<uint64_t>(size))
      return Unsupported("'{}': shape [{}] is more than fits into a request", name, fmt::join(shape, ","));
    elements *= static_cast<uint64_t>(size);
  }
  return elements;
}

Status CheckShapeIsKnown(const std::string& name, const std::vector<int64_t>& shape) {
  if (std::ranges::all_of(shape, [](int64_t size) { return size >= 0; })) return {};
  return InvalidArg(
      "The variable-sized tensor \"{}\" with model shape [{}] needs to have its shape fully defined. "
      "See the --shape option.",
      name, fmt::join(shape, ","));
}

Status CheckSize(const Tensor& tensor) {
  ASSIGN_OR_RETURN(const uint64_t elements, ElementsOf(tensor.name, tensor.shape));
  if (tensor.datatype == "BYTES") {
    const Expected<std::vector<std::string_view>> texts = client::TextsIn(tensor.bytes);
    if (!texts) return texts.error().WithContext("'{}': strings behind four bytes of length each", tensor.name);
    if (texts->size() == elements) return {};
    return InvalidArg("mismatch in the data provided for {}. Expected: {} strings, Got: {} strings", tensor.name,
                      elements, texts->size());
  }
  const uint64_t bytes = elements * FactsOfDataType(FindDataType(tensor.datatype, &DataTypeFacts::name)).byte_size;
  if (bytes == tensor.bytes.size()) return {};
  return InvalidArg("mismatch in the data provided for {}. Expected: {} bytes, Got: {} bytes", tensor.name, bytes,
                    tensor.bytes.size());
}

}  // namespace neso::perf
