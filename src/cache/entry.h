// What stands in a cache for one answer: its tensors and parameters, packed into one buffer. Pure functions.
//
// Layout, in the machine's own byte order: u32 number of tensors; for each: u64 size of what follows, u32 and the name,
// u32 and the datatype's name, u32 size of the shape and its int64 dimensions, u64 and the data. What has been answered
// with parameters has behind it: u32 number of them; for each: u32 and the name, u8 kind (0 text, 1 int64, 2 bool, 3
// double), u32 and the value.
//
// Source: Triton's caches hold the same; parameters they lose.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "core/response.h"
#include "core/types.h"

namespace neso {

// Views into what it was made of.
struct CachedTensor {
  std::string_view name;
  DataType datatype = DataType::kInvalid;
  Shape shape;  // as the requester sees it
  std::span<const std::byte> data;
};

struct CachedAnswer {
  std::vector<CachedTensor> tensors;
  std::vector<NamedParameter> parameters;
};

size_t EntrySize(const CachedAnswer& answer);
// Precondition: `entry` has EntrySize bytes.
void WriteEntry(const CachedAnswer& answer, std::span<std::byte> entry);
// Errors: kInternal for bytes that WriteEntry did not write: a cache may lie outside of the process.
Expected<CachedAnswer> ReadEntry(std::span<const std::byte> entry);

// Errors: kUnsupported for outputs that are not in the CPU's memory.
Expected<CachedAnswer> AnswerOf(const InferenceResponse& response);
// Copies the answer into buffers of the requester's. On error the response is partly filled.
// Errors: for outputs that the model does not have, and those of the requester's allocator.
Status FillResponse(const CachedAnswer& answer, InferenceResponse& response);

}  // namespace neso
