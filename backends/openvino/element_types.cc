#include "element_types.h"

namespace neso::openvino {
namespace {

struct TypePair {
  backend::DataType datatype;
  ov::element::Type_t element_type;
};
constexpr TypePair kTypes[] = {
    {TRITONSERVER_TYPE_BOOL, ov::element::Type_t::boolean}, {TRITONSERVER_TYPE_UINT8, ov::element::Type_t::u8},
    {TRITONSERVER_TYPE_UINT16, ov::element::Type_t::u16},   {TRITONSERVER_TYPE_UINT32, ov::element::Type_t::u32},
    {TRITONSERVER_TYPE_UINT64, ov::element::Type_t::u64},   {TRITONSERVER_TYPE_INT8, ov::element::Type_t::i8},
    {TRITONSERVER_TYPE_INT16, ov::element::Type_t::i16},    {TRITONSERVER_TYPE_INT32, ov::element::Type_t::i32},
    {TRITONSERVER_TYPE_INT64, ov::element::Type_t::i64},    {TRITONSERVER_TYPE_FP16, ov::element::Type_t::f16},
    {TRITONSERVER_TYPE_FP32, ov::element::Type_t::f32},     {TRITONSERVER_TYPE_FP64, ov::element::Type_t::f64},
    {TRITONSERVER_TYPE_BF16, ov::element::Type_t::bf16},    {TRITONSERVER_TYPE_BYTES, ov::element::Type_t::string},
};

}  // namespace

backend::DataType DataTypeOf(const ov::element::Type& type) {
  for (const TypePair& pair : kTypes) {
    if (type == pair.element_type) return pair.datatype;
  }
  return TRITONSERVER_TYPE_INVALID;
}

ov::element::Type ElementTypeOf(backend::DataType datatype) {
  for (const TypePair& pair : kTypes) {
    if (pair.datatype == datatype) return pair.element_type;
  }
  return ov::element::dynamic;
}

}  // namespace neso::openvino
