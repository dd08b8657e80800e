#include "command/infer/fit_shape.h"

#include <algorithm>

namespace neso::command {
namespace {

bool Fits(const Shape& wanted, const Shape& given) {
  return std::ranges::equal(wanted, given, [](int64_t want, int64_t size) { return want < 0 || want == size; });
}

}  // namespace

Expected<Shape> FitShape(const Shape& wanted, bool batches, const Shape& given) {
  if (Fits(wanted, given)) return given;
  Shape with_batch = given;
  with_batch.insert(with_batch.begin(), 1);
  if (batches && Fits(wanted, with_batch)) return with_batch;
  return InvalidArg("expected shape {}, got {}", ShapeText(wanted), ShapeText(given));
}

Expected<Shape> SpreadShape(const Shape& wanted, bool batches, uint64_t count) {
  Shape shape = wanted;
  const auto open = std::ranges::count_if(shape, [](int64_t size) { return size < 0; });
  const bool batch_is_one = batches && open > 1;
  if (batch_is_one) shape[0] = 1;
  if (open - (batch_is_one ? 1 : 0) > 1)
    return InvalidArg("{} values for shape {}: say it by --shape, or write [[1,2],[3,4]]", count, ShapeText(wanted));
  uint64_t known = 1;
  for (const int64_t size : shape) {
    if (size >= 0 && __builtin_mul_overflow(known, static_cast<uint64_t>(size), &known))
      return InvalidArg("shape {} has more elements than can be sent", ShapeText(wanted));
  }
  const auto free = std::ranges::find_if(shape, [](int64_t size) { return size < 0; });
  if (free == shape.end()) {
    if (known == count) return shape;
    return InvalidArg("expected {} values for shape {}, got {}", known, ShapeText(wanted), count);
  }
  if (known == 0 || count % known != 0)
    return InvalidArg("expected a multiple of {} values for shape {}, got {}", known, ShapeText(wanted), count);
  *free = static_cast<int64_t>(count / known);
  return shape;
}

}  // namespace neso::command
