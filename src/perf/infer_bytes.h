// The requests that are sent again and again, as they go over the wire.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "client/endpoint.h"
#include "perf/model_facts.h"
#include "perf/request_plan.h"

namespace neso::perf {

struct InferBytes {
  std::string head;                     // that of HTTP, and the JSON that tells of the tensors
  std::string body;                     // the tensors in binary
  std::optional<size_t> marks_at = {};  // in `head`, if it belongs to a sequence: see WithMarks
};

// One for each of `requests`.
Expected<std::vector<InferBytes>> WriteInfers(const client::Endpoint& endpoint, const ModelFacts& facts,
                                              const Options& options, std::span<const TensorSet> requests);

// The head of a request of a sequence, with the ID and whether it starts or ends. Precondition: bytes.marks_at.
std::string WithMarks(const InferBytes& bytes, const Turn& turn);

}  // namespace neso::perf
