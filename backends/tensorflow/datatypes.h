// Datatypes of tensors in TensorFlow and in the model configuration.
#pragma once

#include <cstdint>
#include <string>

#include "neso/backend/datatype.h"
#include "tf.h"

namespace neso::tensorflow {

// `type` comes from files: it may be anything. TRITONSERVER_TYPE_INVALID for what the configuration has no name for.
backend::DataType DataTypeOf(uint64_t type);
// `datatype` is one that DataTypeOf() gives.
TF_DataType TfTypeOf(backend::DataType datatype);

// "TYPE_FP32", or TensorFlow's own name where there is none: "DT_COMPLEX64".
std::string TypeName(uint64_t type);

}  // namespace neso::tensorflow
