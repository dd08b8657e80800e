#include "capi/parameter.h"

#include "capi/handles.h"

using neso::Parameter;

TRITONSERVER_Parameter* TRITONSERVER_ParameterNew(const char* name, const TRITONSERVER_ParameterType type,
                                                  const void* value) {
  if (name == nullptr || value == nullptr) return nullptr;
  try {
    switch (type) {
      case TRITONSERVER_PARAMETER_STRING: return new Parameter(name, std::string(static_cast<const char*>(value)));
      case TRITONSERVER_PARAMETER_INT: return new Parameter(name, *static_cast<const int64_t*>(value));
      case TRITONSERVER_PARAMETER_BOOL: return new Parameter(name, *static_cast<const bool*>(value));
      case TRITONSERVER_PARAMETER_DOUBLE: return new Parameter(name, *static_cast<const double*>(value));
      default: return nullptr;
    }
  } catch (...) {
    return nullptr;
  }
}

TRITONSERVER_Parameter* TRITONSERVER_ParameterBytesNew(const char* name, const void* byte_ptr, const uint64_t size) {
  if (name == nullptr || (byte_ptr == nullptr && size != 0)) return nullptr;
  try {
    return new Parameter(name, Parameter::Bytes{byte_ptr, size});
  } catch (...) {
    return nullptr;
  }
}

void TRITONSERVER_ParameterDelete(TRITONSERVER_Parameter* parameter) { delete static_cast<Parameter*>(parameter); }
