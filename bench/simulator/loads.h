// Loads of usual kinds, made of a seed.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <utility>

#include "scenario.h"

namespace neso::simulator {

// `count` requests of one row, as of very many clients: the time between two is exponentially distributed.
// `make` may change each.
inline Load PoissonLoad(uint64_t count, double per_second, unsigned seed,
                        std::function<void(Arrival&)> make = nullptr) {
  struct State {
    std::mt19937_64 random;
    std::exponential_distribution<double> gap_s;
    uint64_t left;
    std::function<void(Arrival&)> make;
  };
  auto state = std::make_shared<State>(
      State{std::mt19937_64(seed), std::exponential_distribution<double>(per_second), count, std::move(make)});
  const auto next = [state](TimePoint since) -> std::optional<Arrival> {
    if (state->left == 0) return std::nullopt;
    --state->left;
    Arrival arrival{.at = since + Nanoseconds(static_cast<int64_t>(state->gap_s(state->random) * 1e9))};
    if (state->make) state->make(arrival);
    return arrival;
  };
  Load load;
  if (const std::optional<Arrival> first = next(TimePoint())) load.first.push_back(*first);
  load.after_arrival = [next](const Arrival& came) { return next(came.at); };
  return load;
}

// `clients` that send their next request `think` after the answer to the one before, `count` in all.
inline Load ClosedLoad(uint64_t clients, uint64_t count, Nanoseconds think = {}) {
  Load load;
  for (uint64_t client = 0; client < std::min(clients, count); ++client) load.first.push_back({.client = client + 1});
  auto left = std::make_shared<uint64_t>(count - load.first.size());
  load.after_end = [left, think](const Record& ended) -> std::optional<Arrival> {
    if (*left == 0) return std::nullopt;
    --*left;
    Arrival next = ended.arrival;
    next.at = ended.ended + think;
    return next;
  };
  return load;
}

}  // namespace neso::simulator
