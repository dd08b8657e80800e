#include "client_library/balancer.h"

#include <algorithm>
#include <vector>

#include "base/check.h"

namespace neso::client_library {

size_t PickEndpoint(std::span<const EndpointState> endpoints, TimePoint now, std::optional<size_t> failed_before,
                    std::minstd_rand& random) {
  CHECK(!endpoints.empty(), "a client has endpoints");
  std::vector<size_t> candidates;
  for (size_t i = 0; i < endpoints.size(); ++i) {
    if (endpoints[i].avoided_until <= now && i != failed_before) candidates.push_back(i);
  }
  if (candidates.empty()) {
    const auto first = std::ranges::min_element(endpoints, {}, &EndpointState::avoided_until);
    return static_cast<size_t>(first - endpoints.begin());
  }
  std::uniform_int_distribution<size_t> any(0, candidates.size() - 1);
  const size_t one = candidates[any(random)], other = candidates[any(random)];
  return endpoints[other].outstanding < endpoints[one].outstanding ? other : one;
}

Nanoseconds AvoidanceAfter(uint64_t failures) {
  constexpr Nanoseconds kFirst = std::chrono::milliseconds(100), kLongest = std::chrono::seconds(10);
  return std::min<Nanoseconds>(kLongest, kFirst * (int64_t{1} << std::min<uint64_t>(failures - 1, 10)));
}

}  // namespace neso::client_library
