// What is simulated: a model, the requests that come, and what became of each.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace neso::simulator {

// A request as its client makes it.
struct Arrival {
  TimePoint at{};
  uint64_t client = 0;  // the request's parameter "client", unless it is 0
  uint32_t rows = 1;
  int64_t elements = 1;  // of a row: requests of different ones cannot share a batch
  uint64_t priority = 0;
  uint64_t timeout_us = 0;
  TimePoint cancelled_at = TimePoint::max();  // not in a sequence
  uint64_t sequence = 0;                      // 0: none
  uint32_t flags = 0;
};

enum class Fate : uint8_t { kUnknown, kExecuted, kRefused, kExpired, kCancelled };

// What became of it. Times are the simulation's.
struct Record {
  Arrival arrival;
  Fate fate = Fate::kUnknown;
  uint32_t times_ended = 0;  // 1, unless something is wrong
  uint32_t batch = 0;        // executed: which, counted from 0 in order of their beginnings
  uint32_t instance = 0;
  uint32_t place = 0;  // in the batch, counted in requests
  TimePoint began{}, ended{};
  Nanoseconds latency() const { return ended - arrival.at; }
};

// Where requests come from.
struct Load {
  std::vector<Arrival> first;
  // Clients that take no notice of answers: called when a request has come, for the next one.
  std::function<std::optional<Arrival>(const Arrival& came)> after_arrival;
  // Clients that wait for theirs: called when one has ended.
  std::function<std::optional<Arrival>(const Record& ended)> after_end;
};

struct Scenario {
  std::string config;      // of the model, as in config.pbtxt, with one input "x" of TYPE_INT8 and variable size
  unsigned instances = 1;  // that execute
  std::function<Nanoseconds(uint32_t rows)> execution;
  Load load;
};

struct Outcome {
  std::vector<Record> requests;  // in order of arrival
  size_t batches = 0;
  TimePoint end{};
};

}  // namespace neso::simulator
