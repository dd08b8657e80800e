#include "schedule/pick_contender.h"

#include <algorithm>
#include <numeric>

namespace neso {
namespace {

bool ShareAResource(const Contender& a, const Contender& b) {
  return std::any_of(a.needs.begin(), a.needs.end(), [&b](const ResourceNeed& mine) {
    return std::any_of(b.needs.begin(), b.needs.end(),
                       [&mine](const ResourceNeed& other) { return mine.resource == other.resource; });
  });
}

}  // namespace

std::optional<size_t> PickContender(std::span<const Contender* const> line, std::span<const uint64_t> free) {
  std::vector<size_t> order(line.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [line](size_t a, size_t b) { return line[a]->credit > line[b]->credit; });
  std::vector<uint64_t> left(free.begin(), free.end());
  for (const size_t place : order) {
    const std::span<const ResourceNeed> needs = line[place]->needs;
    const bool fits = std::all_of(needs.begin(), needs.end(),
                                  [&left](const ResourceNeed& need) { return need.count <= left[need.resource]; });
    if (fits) return place;
    for (const ResourceNeed& need : needs) left[need.resource] -= std::min(left[need.resource], need.count);
  }
  return std::nullopt;
}

void PayOthers(std::span<Contender* const> line, size_t picked) {
  Contender& first = *line[picked];
  for (size_t i = 0; i < line.size(); ++i) {
    if (i == picked || !ShareAResource(first, *line[i])) continue;
    line[i]->credit += line[i]->weight;
    first.credit -= line[i]->weight;
  }
}

}  // namespace neso
