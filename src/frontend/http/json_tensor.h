// Tensors between JSON arrays and bytes (row-major, little-endian).
#pragma once

#include <cstddef>
#include <string>

#include "base/buffer.h"
#include "base/status.h"
#include "core/types.h"
#include "frontend/http/json_access.h"

namespace neso {

// In both: `data`, where it is an array, is one of elements (JsonDocument::IsElements), and `element_count` elements of
// a fixed-size datatype have a size that 64 bits can tell.

// The elements of `data` (any nesting) in order, `element_count` of them for a fixed-size datatype; BYTES elements get
// their 4-byte length and are counted by the core later. Errors, all with the contract's texts: wrong element type or
// count (kInternal), more than `max_bytes` (kInvalidArg), FP16 and BF16 (kInvalidArg); kUnavailable without memory.
Expected<BufferRef> ParseJsonTensor(std::string_view input_name, DataType datatype, int64_t element_count,
                                    const JsonValue& data, size_t max_bytes);

// The same for `data` that may also be one element without an array around it.
Expected<BufferRef> ParseJsonElements(std::string_view input_name, DataType datatype, int64_t element_count,
                                      const JsonValue& data, size_t max_bytes);

// The elements of `data`, an array of elements that need not have been checked, if they are as usual, fit the datatype
// and are as many. Null otherwise: ParseJsonTensor finds out what is wrong, if anything is.
BufferRef ReadUsualJsonTensor(DataType datatype, int64_t element_count, const JsonElements& data, size_t max_bytes);

// Appends "[...]", flat. Errors: kInvalidArg for FP16 and BF16; kInternal for BYTES whose lengths do not fit.
Status AppendJsonTensor(std::string& json, DataType datatype, const void* base, size_t byte_size);

// The same, with one element standing alone.
Status AppendJsonElements(std::string& json, DataType datatype, const void* base, size_t byte_size);

}  // namespace neso
