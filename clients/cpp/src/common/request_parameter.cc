#include "common/request_parameter.h"

#include <cerrno>
#include <cstdlib>

namespace triton {
namespace client {

ParameterKind KindOf(const RequestParameter& parameter) {
  if (parameter.type == "string") return ParameterKind::kString;
  if (parameter.type == "int") return ParameterKind::kInt;
  if (parameter.type == "bool") return ParameterKind::kBool;
  return ParameterKind::kUnknown;
}

Error ReadInt(int64_t* value, const RequestParameter& parameter) {
  // As std::stoi reads it, with blanks and a plus before it.
  const char* const begin = parameter.value.c_str();
  char* end;
  errno = 0;
  *value = std::strtoll(begin, &end, 10);
  if (errno == 0 && end != begin && end == begin + parameter.value.size()) return Error::Success;
  return Error("request parameter '" + parameter.name + "': expected an integer, got '" + parameter.value + "'");
}

}  // namespace client
}  // namespace triton
