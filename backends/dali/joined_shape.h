// Samples of a batch as one tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "errors.h"

namespace neso::dali {

// The shape of `count` samples of rank `rank` together; `shapes` has their dimensions one after the other. Usually
// [count, sample...], for which all have to be of one shape; with `split` their outer dimensions are added up, and only the
// rest has to agree: [sum, rest...].
// An error says which do not agree, `output` in it.
Result<std::vector<int64_t>> JoinedShape(const std::string& output, std::span<const int64_t> shapes, size_t count,
                                         size_t rank, bool split);

}  // namespace neso::dali
