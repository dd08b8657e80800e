// The response cache `local`: answers in the server's own memory.
//
// Settings: `size`, the bytes that it may take.
#include <charconv>
#include <chrono>
#include <exception>

#include "gauges.h"
#include "neso/cache/cache.h"
#include "store.h"

namespace neso::local_cache {
namespace {

using backend::Result;
using backend::Status;

// Adds what a scope took, in nanoseconds.
class Stopwatch {
 public:
  explicit Stopwatch(std::atomic<uint64_t>& total) : total_(total) {}
  ~Stopwatch() {
    const auto took = std::chrono::steady_clock::now() - start_;
    total_.fetch_add(static_cast<uint64_t>(std::chrono::nanoseconds(took).count()), std::memory_order_relaxed);
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  std::atomic<uint64_t>& total_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

Result<size_t> SizeOf(const rapidjson::Value& settings) {
  const rapidjson::Value* const size = backend::FindMember(settings, "size");
  if (size == nullptr) {
    return Status::InvalidArg("Failed to initialize LocalCache: config didn't contain a valid 'size' field.");
  }
  if (size->IsUint64() && size->GetUint64() > 0) return size_t{size->GetUint64()};
  if (!size->IsString() && !size->IsUint64()) {
    return Status::InvalidArg("Failed to initialize LocalCache: 'size' config must be a string or uint type");
  }
  const std::string text = size->IsString() ? size->GetString() : "0";
  size_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc() || end != text.data() + text.size() || bytes == 0) {
    return Status::InvalidArg("Failed to initialize LocalCache: 'size': expected a number of bytes, got '", text, "'");
  }
  return bytes;
}

class LocalCache final : public cache::Cache {
 public:
  static Result<std::unique_ptr<LocalCache>> Create(const rapidjson::Value& settings) {
    NESO_ASSIGN_OR_RETURN(const size_t size, SizeOf(settings));
    std::unique_ptr<LocalCache> made(new LocalCache(size));
    // Without its metrics the cache serves as well.
    Result<std::unique_ptr<Gauges>> gauges = StartGauges(*made);
    if (gauges.ok()) {
      made->gauges_ = std::move(*gauges);
    } else {
      NESO_LOG_WARNING("local cache: no metrics: ", gauges.status().message());
    }
    return made;
  }

  Status Insert(std::string_view key, cache::Insertion& answer) override {
    const Stopwatch stopwatch(insertion_ns_);
    if (store_.Contains(key)) return AlreadyExists(key);
    NESO_ASSIGN_OR_RETURN(const std::vector<size_t> sizes, answer.Sizes());
    size_t byte_size = 0;
    for (const size_t size : sizes) byte_size += size;
    if (Store::Cost(key, byte_size) > store_.capacity()) return TooLarge(byte_size);
    const auto copy = std::make_shared<Answer>(sizes);
    NESO_RETURN_IF_ERROR(answer.CopyTo(copy->Writable()));
    switch (store_.Insert(key, copy)) {
      case Store::Inserted::kYes: return {};
      case Store::Inserted::kIsThere: return AlreadyExists(key);
      case Store::Inserted::kTooLarge: return TooLarge(byte_size);
      case Store::Inserted::kNoRoom: break;
    }
    return Status::Internal("Cache is empty, nothing to evict.");
  }

  Status Find(std::string_view key, cache::Lookup& answer) override {
    const Stopwatch stopwatch(lookup_ns_);
    const std::shared_ptr<const Answer> found = store_.Find(key);
    if (found == nullptr) return Status::NotFound("key [", key, "] does not exist");
    return answer.CopyFrom(found->Buffers());
  }

 private:
  explicit LocalCache(size_t size) : store_(size) {}

  static Result<std::unique_ptr<Gauges>> StartGauges(LocalCache& cache) {
    try {
      return Gauges::Start([&cache] { return cache.Read(); });
    } catch (const std::exception& exception) {  // no thread could be started
      return Status::Unavailable(exception.what());
    }
  }

  Status AlreadyExists(std::string_view key) const {
    return {TRITONSERVER_ERROR_ALREADY_EXISTS, backend::Concat("key [", key, "] already exists")};
  }
  Status TooLarge(size_t byte_size) const {
    return Status::InvalidArg("Requested byte_size: ", byte_size,
                              " is greater than total cache size: ", store_.capacity());
  }

  Readings Read() const {
    const StoreTotals totals = store_.Totals();
    const auto number = [](uint64_t value) { return static_cast<double>(value); };
    return {number(totals.used_bytes) / number(store_.capacity()),
            number(totals.entries),
            number(totals.hits),
            number(totals.misses),
            number(totals.hits + totals.misses),
            number(totals.evictions),
            number(lookup_ns_.load(std::memory_order_relaxed) / 1000),
            number(insertion_ns_.load(std::memory_order_relaxed) / 1000)};
  }

  Store store_;
  std::atomic<uint64_t> lookup_ns_{0};
  std::atomic<uint64_t> insertion_ns_{0};
  std::unique_ptr<Gauges> gauges_;  // reads all the above
};

}  // namespace
}  // namespace neso::local_cache

NESO_CACHE_WITH_TRAITS(neso::local_cache::LocalCache, NESOCACHE_TRAIT_IN_PROCESS)
