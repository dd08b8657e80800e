// A response cache in C++: derive a cache, name it, and the library is complete.
//
//   class Shelf final : public neso::cache::Cache {
//    public:
//     static Result<std::unique_ptr<Shelf>> Create(const rapidjson::Value& settings);
//     Status Insert(std::string_view key, neso::cache::Insertion& answer) override;
//     Status Find(std::string_view key, neso::cache::Lookup& answer) override;
//   };
//   NESO_CACHE(Shelf)
//
// An answer is a number of buffers, whose contents only the server knows. All functions may be called from several threads
// at once; the entry points that the macro defines let no exception out.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "neso/backend/guard.h"
#include "neso/backend/json.h"
#include "neso/backend/log.h"
#include "neso/backend/status.h"
#include "neso/cache/answer.h"
#include "neso/cache/traits.h"
#include "triton/core/tritoncache.h"

namespace neso::cache {

using backend::Result;
using backend::Status;

namespace internal {

// Where a buffer is, and how large: what the C interface says about it.
class Attributes {
 public:
  Attributes() : made_(TRITONSERVER_BufferAttributesNew(&handle_)) {}
  ~Attributes() {
    if (handle_ != nullptr) (void)Status(TRITONSERVER_BufferAttributesDelete(handle_));
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  // The error of the constructor.
  Status Made() const { return made_.Copy(); }
  TRITONSERVER_BufferAttributes* handle() const { return handle_; }

 private:
  TRITONSERVER_BufferAttributes* handle_ = nullptr;
  Status made_;
};

}  // namespace internal

// What is to be kept. Confined to the call.
class Insertion {
 public:
  Insertion(TRITONCACHE_CacheEntry* entry, TRITONCACHE_Allocator* allocator) : entry_(entry), allocator_(allocator) {}

  // Bytes of each buffer.
  Result<std::vector<size_t>> Sizes() const {
    size_t count = 0;
    NESO_RETURN_IF_ERROR(TRITONCACHE_CacheEntryBufferCount(entry_, &count));
    internal::Attributes attributes;
    NESO_RETURN_IF_ERROR(attributes.Made());
    std::vector<size_t> sizes(count);
    for (size_t i = 0; i < count; ++i) {
      void* base = nullptr;
      NESO_RETURN_IF_ERROR(TRITONCACHE_CacheEntryGetBuffer(entry_, i, &base, attributes.handle()));
      NESO_RETURN_IF_ERROR(TRITONSERVER_BufferAttributesByteSize(attributes.handle(), &sizes[i]));
    }
    return sizes;
  }

  // Has the server write each buffer to the memory of that index, which has room for it.
  Status CopyTo(std::span<void* const> memory) {
    for (size_t i = 0; i < memory.size(); ++i) {
      NESO_RETURN_IF_ERROR(TRITONCACHE_CacheEntrySetBuffer(entry_, i, memory[i], nullptr));
    }
    return TRITONCACHE_Copy(allocator_, entry_);
  }

 private:
  TRITONCACHE_CacheEntry* const entry_;
  TRITONCACHE_Allocator* const allocator_;
};

// What is looked for. Confined to the call.
class Lookup {
 public:
  Lookup(TRITONCACHE_CacheEntry* entry, TRITONCACHE_Allocator* allocator) : entry_(entry), allocator_(allocator) {}

  // Has the server read the buffers of an answer that was found, in their order. Errors: what it says of them.
  Status CopyFrom(std::span<const std::span<const std::byte>> buffers) {
    internal::Attributes attributes;
    NESO_RETURN_IF_ERROR(attributes.Made());
    for (const std::span<const std::byte> buffer : buffers) {
      NESO_RETURN_IF_ERROR(TRITONSERVER_BufferAttributesSetByteSize(attributes.handle(), buffer.size()));
      NESO_RETURN_IF_ERROR(TRITONCACHE_CacheEntryAddBuffer(entry_, const_cast<std::byte*>(buffer.data()),
                                                           attributes.handle()));  // NOLINT: the server only reads it
    }
    return TRITONCACHE_Copy(allocator_, entry_);
  }

 private:
  TRITONCACHE_CacheEntry* const entry_;
  TRITONCACHE_Allocator* const allocator_;
};

// Thread-safe.
class Cache {
 public:
  virtual ~Cache() = default;
  // Errors: ALREADY_EXISTS when the key is there; whatever else keeps the answer out.
  virtual Status Insert(std::string_view key, Insertion& answer) = 0;
  // Errors: NOT_FOUND when the key is not there.
  virtual Status Find(std::string_view key, Lookup& answer) = 0;
};

namespace internal {

template <typename CacheType>
struct EntryPoints {
  static TRITONSERVER_Error* Initialize(TRITONCACHE_Cache** cache, const char* config) noexcept {
    return backend::internal::Guard([&]() -> Status {
      rapidjson::Document settings;
      settings.Parse(config == nullptr ? "" : config);
      if (settings.HasParseError() || !settings.IsObject()) {
        return Status::InvalidArg("the settings of a cache: expected a JSON object, got '",
                                  config == nullptr ? "" : config, "'");
      }
      NESO_ASSIGN_OR_RETURN(std::unique_ptr<CacheType> made, CacheType::Create(settings));
      *cache = reinterpret_cast<TRITONCACHE_Cache*>(static_cast<Cache*>(made.release()));  // until Finalize
      return {};
    });
  }

  static TRITONSERVER_Error* Finalize(TRITONCACHE_Cache* cache) noexcept {
    return backend::internal::Guard([&]() -> Status {
      delete Of(cache);
      return {};
    });
  }

  static TRITONSERVER_Error* Insert(TRITONCACHE_Cache* cache, const char* key, TRITONCACHE_CacheEntry* entry,
                                    TRITONCACHE_Allocator* allocator) noexcept {
    return backend::internal::Guard([&]() -> Status {
      Insertion answer(entry, allocator);
      return Of(cache)->Insert(key, answer);
    });
  }

  static TRITONSERVER_Error* Find(TRITONCACHE_Cache* cache, const char* key, TRITONCACHE_CacheEntry* entry,
                                  TRITONCACHE_Allocator* allocator) noexcept {
    return backend::internal::Guard([&]() -> Status {
      Lookup answer(entry, allocator);
      return Of(cache)->Find(key, answer);
    });
  }

 private:
  static Cache* Of(TRITONCACHE_Cache* cache) { return reinterpret_cast<Cache*>(cache); }
};

}  // namespace internal
}  // namespace neso::cache

// Defines every entry point of the library; once, outside of namespaces.
#define NESO_CACHE(CacheType) NESO_CACHE_WITH_TRAITS(CacheType, 0)
#define NESO_CACHE_WITH_TRAITS(CacheType, traits)                                                                      \
  using NesoEntryPoints = ::neso::cache::internal::EntryPoints<CacheType>;                                             \
  extern "C" {                                                                                                         \
  const NESOCACHE_TraitsV1 NESOCACHE_Traits = {sizeof(NESOCACHE_TraitsV1), traits};                                    \
  TRITONSERVER_Error* TRITONCACHE_CacheInitialize(TRITONCACHE_Cache** cache, const char* config) {                     \
    return NesoEntryPoints::Initialize(cache, config);                                                                 \
  }                                                                                                                    \
  TRITONSERVER_Error* TRITONCACHE_CacheFinalize(TRITONCACHE_Cache* cache) { return NesoEntryPoints::Finalize(cache); } \
  TRITONSERVER_Error* TRITONCACHE_CacheInsert(TRITONCACHE_Cache* cache, const char* key,                               \
                                              TRITONCACHE_CacheEntry* entry, TRITONCACHE_Allocator* allocator) {       \
    return NesoEntryPoints::Insert(cache, key, entry, allocator);                                                      \
  }                                                                                                                    \
  TRITONSERVER_Error* TRITONCACHE_CacheLookup(TRITONCACHE_Cache* cache, const char* key,                               \
                                              TRITONCACHE_CacheEntry* entry, TRITONCACHE_Allocator* allocator) {       \
    return NesoEntryPoints::Find(cache, key, entry, allocator);                                                        \
  }                                                                                                                    \
  }
