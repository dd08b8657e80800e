// Where answers are kept for requests that come again.
#pragma once

#include "base/status.h"
#include "cache/cache_key.h"
#include "cache/entry.h"
#include "core/response.h"

namespace neso {

// Thread-safe.
class ResponseCache {
 public:
  virtual ~ResponseCache() = default;

  // Whether what is kept lies in this process, and goes with it: then a lookup or an insertion takes no longer than the
  // copy of an answer, and threads that read sockets make them.
  virtual bool is_in_process() const = 0;
  // Fills `response` with what was inserted under `key`; on error it may be partly filled.
  // Errors: kNotFound: there is nothing. Others mean for the request the same.
  virtual Status Lookup(const CacheKey& key, InferenceResponse& response) = 0;
  // Errors: kAlreadyExists; those of the cache.
  virtual Status Insert(const CacheKey& key, const CachedAnswer& answer) = 0;
};

}  // namespace neso
