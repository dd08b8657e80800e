#include "cache/cache_library.h"

#include <unistd.h>

#include <utility>

#include "base/log.h"
#include "cache/cache_call.h"
#include "core/foreign_call.h"
#include "neso/cache/traits.h"

namespace neso {
namespace {

// An insertion: from the answer to the memory that the cache has found.
class ToCache final : public CacheAllocator {
 public:
  explicit ToCache(const CachedAnswer& answer) : answer_(answer), size_(EntrySize(answer)) {}

  size_t size() const { return size_; }
  Status Copy(CacheEntry& entry) override {
    if (entry.buffers.size() != 1) return Internal("expected an entry of 1 buffer, got {}", entry.buffers.size());
    const CacheEntry::Buffer& buffer = entry.buffers[0];
    if (buffer.base == nullptr || buffer.attributes.byte_size < size_) {
      return Internal("the cache gave {} bytes for a response of {}",
                      buffer.base == nullptr ? 0 : buffer.attributes.byte_size, size_);
    }
    WriteEntry(answer_, {static_cast<std::byte*>(buffer.base), size_});
    return {};
  }

 private:
  const CachedAnswer& answer_;
  const size_t size_;
};

// A lookup: from the cache's memory to the response.
class FromCache final : public CacheAllocator {
 public:
  explicit FromCache(InferenceResponse& response) : response_(response) {}

  bool has_copied() const { return has_copied_; }
  Status Copy(CacheEntry& entry) override {
    if (entry.buffers.size() != 1) return Internal("expected an entry of 1 buffer, got {}", entry.buffers.size());
    const CacheEntry::Buffer& buffer = entry.buffers[0];
    if (std::exchange(has_copied_, true)) return Internal("the response has been copied already");
    if (buffer.base == nullptr) return Internal("the cache gave no memory of the response");
    ASSIGN_OR_RETURN(const CachedAnswer answer,
                     ReadEntry({static_cast<const std::byte*>(buffer.base), buffer.attributes.byte_size}));
    return FillResponse(answer, response_);
  }

 private:
  InferenceResponse& response_;
  bool has_copied_ = false;
};

}  // namespace

CacheLibrary::CacheLibrary(std::string name, const SharedLibrary& library)
    : name_(std::move(name)),
      is_in_process_(library.Promises<NESOCACHE_TraitsV1>("NESOCACHE_Traits", NESOCACHE_TRAIT_IN_PROCESS)),
      initialize_(library.Find<decltype(TRITONCACHE_CacheInitialize)>("TRITONCACHE_CacheInitialize")),
      finalize_(library.Find<decltype(TRITONCACHE_CacheFinalize)>("TRITONCACHE_CacheFinalize")),
      lookup_(library.Find<decltype(TRITONCACHE_CacheLookup)>("TRITONCACHE_CacheLookup")),
      insert_(library.Find<decltype(TRITONCACHE_CacheInsert)>("TRITONCACHE_CacheInsert")) {}

Expected<std::shared_ptr<ResponseCache>> CacheLibrary::Open(const std::string& name, const std::string& directory,
                                                            const std::string& settings) {
  if (name.empty() || name.find('/') != std::string::npos || name == "..") {
    return InvalidArg("cache name '{}': expected the name of a folder of '{}'", name, directory);
  }
  const std::string folder = directory + "/" + name;
  const std::string file = "libtritoncache_" + name + ".so";
  const std::string path = folder + "/" + file;
  if (access(path.c_str(), F_OK) != 0) {
    return InvalidArg("unable to find '{}' for cache. Searched: {}", file, folder);
  }
  ASSIGN_OR_RETURN(const SharedLibrary library, SharedLibrary::Open(path));
  for (const char* function : {"TRITONCACHE_CacheInitialize", "TRITONCACHE_CacheFinalize", "TRITONCACHE_CacheLookup",
                               "TRITONCACHE_CacheInsert"}) {
    RETURN_IF_ERROR(library.Require(function));
  }
  std::shared_ptr<CacheLibrary> cache(new CacheLibrary(name, library));
  RETURN_IF_ERROR(CallForeign("TRITONCACHE_CacheInitialize", cache->initialize_, &cache->cache_, settings.c_str()));
  LOG_INFO("response cache '{}' keeps answers of models that enable it ({})", name, path);
  return std::shared_ptr<ResponseCache>(std::move(cache));
}

CacheLibrary::~CacheLibrary() {
  if (cache_ != nullptr) LogFailure(CallForeign("TRITONCACHE_CacheFinalize", finalize_, cache_));
}

Status CacheLibrary::Lookup(const CacheKey& key, InferenceResponse& response) {
  CacheEntry entry;
  FromCache copy(response);
  RETURN_IF_ERROR(CallForeign("TRITONCACHE_CacheLookup", lookup_, cache_, key.c_str(),
                              static_cast<TRITONCACHE_CacheEntry*>(&entry),
                              static_cast<TRITONCACHE_Allocator*>(&copy)));
  return copy.has_copied() ? Status() : Internal("cache '{}' did not copy what it found", name_);
}

Status CacheLibrary::Insert(const CacheKey& key, const CachedAnswer& answer) {
  ToCache copy(answer);
  CacheEntry entry;
  entry.buffers.emplace_back().attributes.byte_size = copy.size();
  return CallForeign("TRITONCACHE_CacheInsert", insert_, cache_, key.c_str(),
                     static_cast<TRITONCACHE_CacheEntry*>(&entry), static_cast<TRITONCACHE_Allocator*>(&copy));
}

}  // namespace neso
