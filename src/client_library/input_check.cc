#include "client_library/input_check.h"

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <string>

#include "neso/datatype.h"

namespace neso::client_library {
namespace {

// Empty if the tensor's bytes can be those of its shape.
std::string Misfit(const Tensor& tensor) {
  const size_t width = FactsOfDataType(FindDataType(tensor.datatype(), &DataTypeFacts::name)).byte_size;
  uint64_t elements = 1;
  for (const int64_t size : tensor.shape()) {
    if (size < 0) return fmt::format("shape [{}]: sizes are not negative", fmt::join(tensor.shape(), ","));
    if (size != 0 && elements > std::numeric_limits<uint64_t>::max() / 8 / static_cast<uint64_t>(size))
      return fmt::format("shape [{}] is more than memory can hold", fmt::join(tensor.shape(), ","));
    elements *= static_cast<uint64_t>(size);
  }
  if (width == 0 || elements * width == tensor.bytes().size()) return {};
  return fmt::format("shape [{}] of {} takes {} bytes, but there are {}", fmt::join(tensor.shape(), ","),
                     tensor.datatype(), elements * width, tensor.bytes().size());
}

}  // namespace

std::optional<ClientError> CheckInputs(const InferRequest& request) {
  for (const auto& [name, tensor] : request.inputs) {
    if (const std::string misfit = Misfit(tensor); !misfit.empty())
      return ClientError{ErrorKind::kInvalidArgument, fmt::format("input '{}': {}", name, misfit)};
  }
  return std::nullopt;
}

}  // namespace neso::client_library
