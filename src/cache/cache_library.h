// A response cache that a plug-in implements: libtritoncache_<name>.so.
//
//   ASSIGN_OR_RETURN(auto cache, CacheLibrary::Open("local", "/opt/neso/caches", R"({"size":"1048576"})"));
#pragma once

#include <memory>
#include <string>

#include "base/shared_library.h"
#include "base/status.h"
#include "cache/response_cache.h"
#include "core/abi.h"

namespace neso {

class CacheLibrary final : public ResponseCache {
 public:
  // `settings` is the JSON object that the library gets. Errors: kNotFound for a library that is not there, or lacks a
  // function; kInvalidArg for a name that leaves the folder; what the library says of its settings.
  static Expected<std::shared_ptr<ResponseCache>> Open(const std::string& name, const std::string& directory,
                                                       const std::string& settings);
  ~CacheLibrary() override;
  CacheLibrary(const CacheLibrary&) = delete;
  CacheLibrary& operator=(const CacheLibrary&) = delete;

  bool is_in_process() const override { return is_in_process_; }
  Status Lookup(const CacheKey& key, InferenceResponse& response) override;
  Status Insert(const CacheKey& key, const CachedAnswer& answer) override;

 private:
  CacheLibrary(std::string name, const SharedLibrary& library);

  const std::string name_;
  const bool is_in_process_;
  decltype(&TRITONCACHE_CacheInitialize) const initialize_;
  decltype(&TRITONCACHE_CacheFinalize) const finalize_;
  decltype(&TRITONCACHE_CacheLookup) const lookup_;
  decltype(&TRITONCACHE_CacheInsert) const insert_;
  TRITONCACHE_Cache* cache_ = nullptr;
};

}  // namespace neso
