// The strings of an input of all requests in a batch.
//
//   NESO_ASSIGN_OR_RETURN(const BatchStrings words, CollectStrings(collector(), "WORDS", execution.requests()));
//   if (words.tensor == nullptr) ...                  // no request has them
//   Run(words.tensor->shape, words.elements);
//
// Each request's bytes are read by themselves. In one piece they would be one client's to cut up: an element that claims
// more bytes than its request has would take those of the next.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "neso/backend/collector.h"
#include "neso/backend/request.h"
#include "neso/backend/status.h"
#include "neso/backend/strings.h"

namespace neso::backend {

struct BatchStrings {
  const BatchTensor* tensor = nullptr;  // shape and bytes; as long as those of the collector
  std::vector<std::string_view> elements;
};

// A request whose bytes are no strings gets an error (Request::Fail), and as many empty ones stand for it. Errors: those of
// InputCollector::Collect.
inline Result<BatchStrings> CollectStrings(InputCollector& collector, std::string_view name,
                                           std::span<Request> requests) {
  BatchStrings collected;
  NESO_ASSIGN_OR_RETURN(collected.tensor, collector.Collect(name, requests));
  if (collected.tensor == nullptr) return collected;
  std::span<const std::byte> bytes(collected.tensor->data, collected.tensor->byte_size);
  std::vector<std::string_view>& elements = collected.elements;
  for (Request& request : requests) {
    NESO_ASSIGN_OR_RETURN(const Input part, request.input(std::string(name).c_str()));
    const auto count = static_cast<size_t>(std::max<int64_t>(ElementCount(part.shape), 0));
    const Result<std::vector<std::string_view>> read = ReadStrings(bytes.first(part.byte_size), count);
    if (read) {
      elements.insert(elements.end(), read->begin(), read->end());
    } else {
      request.Fail(Status(read.status().code(), Concat("input '", name, "': ", read.status().message())));
      elements.resize(elements.size() + count);
    }
    bytes = bytes.subspan(part.byte_size);
  }
  return collected;
}

}  // namespace neso::backend
