// The configuration's "reshape": the same elements under another shape.
#pragma once

#include <cstddef>
#include <span>

#include "core/types.h"

namespace neso {

// `shape` matches `batch_dims` dimensions followed by `from`; returns the former followed by `to`, in which each -1
// becomes the size that the -1 of the same rank in `from` had. ApplyReshape({2, 6}, 1, {-1}, {-1, 1}) is {2, 6, 1}.
Shape ApplyReshape(const Shape& shape, size_t batch_dims, std::span<const int64_t> from, std::span<const int64_t> to);

}  // namespace neso
