// Datatypes on both sides of OpenVINO's border.
#pragma once

#include <openvino/core/type/element_type.hpp>

#include "neso/backend/datatype.h"

namespace neso::openvino {

// INVALID for one that model configurations have no name for.
backend::DataType DataTypeOf(const ov::element::Type& type);

// Of one that the backend serves.
ov::element::Type ElementTypeOf(backend::DataType datatype);

}  // namespace neso::openvino
