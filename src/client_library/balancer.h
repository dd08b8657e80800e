// Which endpoint gets a call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>

#include "base/clock.h"

namespace neso::client_library {

struct EndpointState {
  size_t outstanding = 0;
  TimePoint avoided_until{};  // after failures
};

// Of two that are picked at random, the one with fewer calls outstanding: nearly as even as looking at all, and clients
// that know nothing of each other do not all pick the same. Not `failed_before`, and none that is avoided, if there is
// another; where all are avoided, the one whose time is up first. Source: Mitzenmacher, "The Power of Two Choices".
// Precondition: there is an endpoint.
size_t PickEndpoint(std::span<const EndpointState> endpoints, TimePoint now, std::optional<size_t> failed_before,
                    std::minstd_rand& random);

// How long an endpoint is avoided after so many failures in a row: 100 ms, then twice as long each, 10 s at most.
Nanoseconds AvoidanceAfter(uint64_t failures);

}  // namespace neso::client_library
