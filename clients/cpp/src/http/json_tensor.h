// Tensors as JSON: flat arrays of numbers, booleans or strings.
#pragma once

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <string>

#include "common.h"

namespace triton {
namespace client {

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>,
                                     rapidjson::CrtAllocator, rapidjson::kWriteNanAndInfFlag>;

// Writes all elements of the input. Errors: FP16 and BF16, which JSON has no form for; bytes that are no whole elements.
Error WriteJsonTensor(JsonWriter* writer, const InferInput& input);

// Appends the elements, in any nesting of arrays, in their binary form.
Error ReadJsonTensor(std::string* tensor, const rapidjson::Value& data, const std::string& datatype);

}  // namespace client
}  // namespace triton
