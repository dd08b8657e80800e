#include "joined_shape.h"

#include <algorithm>

namespace neso::dali {

Result<std::vector<int64_t>> JoinedShape(const std::string& output, std::span<const int64_t> shapes, size_t count,
                                         size_t rank, bool split) {
  if (split && rank == 0) return BackendError("output '", output, "' has no outer axis to be split along");
  const std::span<const int64_t> first = shapes.first(rank);
  const size_t fixed = split ? 1 : 0;
  std::vector<int64_t> joined;
  joined.push_back(split ? 0 : static_cast<int64_t>(count));
  joined.insert(joined.end(), first.begin() + static_cast<std::ptrdiff_t>(fixed), first.end());
  for (size_t i = 0; i < count; ++i) {
    const std::span<const int64_t> sample = shapes.subspan(i * rank, rank);
    if (split) joined[0] += sample[0];
    if (!std::ranges::equal(sample.subspan(fixed), first.subspan(fixed))) {
      return BackendError("output '", output, "': samples of one request have different shapes, ",
                          backend::ShapeText(first), " and ", backend::ShapeText(sample),
                          ", and make no tensor: send them as requests of their own");
    }
  }
  return joined;
}

}  // namespace neso::dali
