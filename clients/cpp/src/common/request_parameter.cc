#include "common/request_parameter.h"

#include <charconv>

namespace triton {
namespace client {

ParameterKind KindOf(const RequestParameter& parameter) {
  if (parameter.type == "string") return ParameterKind::kString;
  if (parameter.type == "int") return ParameterKind::kInt;
  if (parameter.type == "bool") return ParameterKind::kBool;
  return ParameterKind::kUnknown;
}

Error ReadInt(int64_t* value, const RequestParameter& parameter) {
  const char *begin = parameter.value.data(), *end = begin + parameter.value.size();
  const auto [read, error] = std::from_chars(begin, end, *value);
  if (error == std::errc() && read == end) return Error::Success;
  return Error("request parameter '" + parameter.name + "': expected an integer, got '" + parameter.value + "'");
}

}  // namespace client
}  // namespace triton
