// BYTES tensors as they travel: before each element its length, four bytes, the lowest first.
#pragma once

#include <string>
#include <vector>

#include "common.h"

namespace triton {
namespace client {

void AppendElement(std::string* tensor, const char* data, size_t byte_size);

std::string BytesTensor(const std::vector<std::string>& elements);

// Error: a length that goes beyond the end.
Error ReadBytesTensor(std::vector<std::string>* elements, const uint8_t* data, size_t byte_size);

// What StringData() of any result answers.
Error StringsOf(const InferResult& result, const std::string& output_name, std::vector<std::string>* strings);

}  // namespace client
}  // namespace triton
