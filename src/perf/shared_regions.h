// Tensors of requests, and room for those of answers, in memory that the server has mapped too (--shared-memory).
//
//   ASSIGN_OR_RETURN(const auto regions, SharedRegions::Make(requests, facts, options, transport));
//   ... requests are encoded: they say where their tensors are ...
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "perf/shared_block.h"
#include "perf/transport.h"

namespace neso::perf {

// The server knows the memory as long as this lives. Confined to the transport's thread.
class SharedRegions {
 public:
  // Gives each tensor of `requests` its place, and each output one that all requests share, as perf_analyzer does: what
  // is written there nobody reads. `transport` outlives it.
  // Errors: the server's own text; kUnavailable when there is no such memory to be had; kUnsupported when answers are to
  // be compared.
  static Expected<std::unique_ptr<SharedRegions>> Make(std::vector<TensorSet>& requests, const ModelFacts& facts,
                                                       const Options& options, Transport& transport);
  ~SharedRegions();
  SharedRegions(const SharedRegions&) = delete;
  SharedRegions& operator=(const SharedRegions&) = delete;

 private:
  explicit SharedRegions(Transport& transport) : transport_(transport) {}

  Transport& transport_;
  std::unique_ptr<SharedBlock> block_;
  bool is_registered_ = false;
};

}  // namespace neso::perf
