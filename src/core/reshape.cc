#include "core/reshape.h"

#include <algorithm>

namespace neso {

Shape ApplyReshape(const Shape& shape, size_t batch_dims, std::span<const int64_t> from, std::span<const int64_t> to) {
  batch_dims = std::min(batch_dims, shape.size());
  Shape result(shape.begin(), shape.begin() + static_cast<ptrdiff_t>(batch_dims));
  size_t next = 0;  // in `from`, where the next variable size is looked for
  for (const int64_t dim : to) {
    if (dim != -1) {
      result.push_back(dim);
      continue;
    }
    while (next < from.size() && from[next] != -1) ++next;
    // A backend's shape may have fewer dimensions than it promised.
    result.push_back(batch_dims + next < shape.size() ? shape[batch_dims + next] : -1);
    ++next;
  }
  return result;
}

}  // namespace neso
