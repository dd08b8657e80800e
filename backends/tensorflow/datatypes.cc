#include "datatypes.h"

namespace neso::tensorflow {
namespace {

struct TypePair {
  backend::DataType datatype;
  TF_DataType type;
};
constexpr TypePair kTypes[] = {
    {TRITONSERVER_TYPE_BOOL, TF_BOOL},     {TRITONSERVER_TYPE_UINT8, TF_UINT8},   {TRITONSERVER_TYPE_UINT16, TF_UINT16},
    {TRITONSERVER_TYPE_UINT32, TF_UINT32}, {TRITONSERVER_TYPE_UINT64, TF_UINT64}, {TRITONSERVER_TYPE_INT8, TF_INT8},
    {TRITONSERVER_TYPE_INT16, TF_INT16},   {TRITONSERVER_TYPE_INT32, TF_INT32},   {TRITONSERVER_TYPE_INT64, TF_INT64},
    {TRITONSERVER_TYPE_FP16, TF_HALF},     {TRITONSERVER_TYPE_FP32, TF_FLOAT},    {TRITONSERVER_TYPE_FP64, TF_DOUBLE},
    {TRITONSERVER_TYPE_BYTES, TF_STRING},
};

}  // namespace

backend::DataType DataTypeOf(uint64_t type) {
  for (const TypePair& pair : kTypes) {
    if (static_cast<uint64_t>(pair.type) == type) return pair.datatype;
  }
  return TRITONSERVER_TYPE_INVALID;
}

TF_DataType TfTypeOf(backend::DataType datatype) {
  for (const TypePair& pair : kTypes) {
    if (pair.datatype == datatype) return pair.type;
  }
  return TF_FLOAT;
}

std::string TypeName(uint64_t type) {
  const backend::DataType datatype = DataTypeOf(type);
  if (datatype != TRITONSERVER_TYPE_INVALID) return std::string(backend::ConfigName(datatype));
  switch (type) {
    case TF_COMPLEX64: return "DT_COMPLEX64";
    case TF_COMPLEX128: return "DT_COMPLEX128";
    case TF_BFLOAT16: return "DT_BFLOAT16";
    case TF_QINT8: return "DT_QINT8";
    case TF_QUINT8: return "DT_QUINT8";
    case TF_QINT16: return "DT_QINT16";
    case TF_QUINT16: return "DT_QUINT16";
    case TF_QINT32: return "DT_QINT32";
    case TF_RESOURCE: return "DT_RESOURCE";
    case TF_VARIANT: return "DT_VARIANT";
    default: return "number " + std::to_string(type);
  }
}

}  // namespace neso::tensorflow
