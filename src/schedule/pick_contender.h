// The policy of the rate limiter: who of those that wait for resources is next.
//
// Pure functions: no clock, no lock. Those that want the same resources take turns in proportion to their weights:
// each time that one goes first, it pays the others for their waiting (smooth weighted round robin). So one with half
// the weight of another executes half as often while both have work; who comes, or comes back, neither has to make up
// for what others did before, nor may; and nobody is passed over for ever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "schedule/resource_table.h"

namespace neso {

struct Contender {
  std::span<const ResourceNeed> needs;
  double weight = 1;  // the inverse of its priority
  double credit = 0;  // more goes first
};

// The place in `line`, which is in order of arrival, of who is to have what it needs now; nothing if nobody can. `free`
// is what there is, by resource. One that is next, and whose needs are not all free, keeps what there is of them: who
// stands behind it gets only what it does not need.
std::optional<size_t> PickContender(std::span<const Contender* const> line, std::span<const uint64_t> free);

// line[picked] goes first, and pays those that want a resource of its.
void PayOthers(std::span<Contender* const> line, size_t picked);

}  // namespace neso
