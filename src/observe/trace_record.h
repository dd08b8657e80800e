// What is known of a traced request when it has ended, as values: a sink writes or sends it in its own form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/types.h"
#include "observe/trace_context.h"

namespace neso {

// A tensor as it was then. Of one on a GPU there are no bytes.
struct TracedTensor {
  std::string name;
  DataType datatype = DataType::kInvalid;
  Shape shape;
  std::string bytes;
};

// Who reported an event.
enum class TraceReporter : uint8_t { kFrontend, kCore, kBackend };

// "REQUEST_START" at a time, or "TENSOR_QUEUE_INPUT" with a tensor.
struct TraceEvent {
  TraceReporter reporter = TraceReporter::kCore;
  std::string activity;
  uint64_t steady_ns = 0;  // of an event without tensor
  std::optional<TracedTensor> tensor;
};

// One execution of one model.
struct TraceSpan {
  uint64_t id = 0;
  uint64_t parent_id = 0;  // of the call that it is nested in; 0 for the request itself
  std::string model_name;
  int64_t model_version = -1;
  std::string request_id;
  std::vector<TraceEvent> events;  // in the order of their reports
  size_t events_before_model = 0;  // so many were reported before the request came to its model
  bool has_model = false;          // a request that never came to its model has no names
  std::string failure;             // why it failed; empty: it did not
};

// A request with all calls nested in it, those first, in the order in which they began: the last span is the request's.
struct TracedRequest {
  std::vector<TraceSpan> spans;
  std::optional<TraceIdentity> identity{};  // where traces have one beyond this server
};

}  // namespace neso
