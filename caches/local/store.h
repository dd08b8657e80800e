// Answers by key, in memory, of a bounded size: what has been used least lately makes room.
//
//   Store store(1 << 30);
//   if (std::shared_ptr<const Answer> answer = store.Find(key)) ...      // stays readable when it is evicted
//   switch (store.Insert(key, std::move(answer))) { ... }
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "neso/cache/answer.h"

namespace neso::local_cache {

using cache::Answer;  // constant once it is in a store

struct StoreTotals {
  uint64_t entries = 0, used_bytes = 0, hits = 0, misses = 0, evictions = 0;
};

// Thread-safe. Keys lie in shards with a lock each, which is held to find or to link an entry, and never while answers
// are copied, made or freed. Which entry makes room is decided over all shards: the one used least lately, but for
// entries that are used at the same moment.
class Store {
 public:
  // What an entry costs besides its bytes and its key, twice: nodes of a list and a map, the answer, what malloc adds.
  static constexpr size_t kEntryOverhead = 320;

  explicit Store(size_t capacity) : capacity_(capacity) {}
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  size_t capacity() const { return capacity_; }
  // What the answer takes of the capacity.
  static size_t Cost(std::string_view key, size_t answer_bytes) {
    return answer_bytes + 2 * key.size() + kEntryOverhead;
  }

  // Null when it is not there.
  std::shared_ptr<const Answer> Find(std::string_view key);
  bool Contains(std::string_view key);
  enum class Inserted : uint8_t { kYes, kIsThere, kTooLarge, kNoRoom };
  // kNoRoom: others insert at this moment, and nothing is left that could make room.
  Inserted Insert(std::string_view key, std::shared_ptr<const Answer> answer);

  StoreTotals Totals() const;

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const Answer> answer;
    size_t cost;
    uint64_t used_at;  // by uses_
  };
  static constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();
  // A cache line of its own each, so that threads do not meet where their keys do not.
  struct alignas(64) Shard {
    std::mutex mutex;
    std::list<Entry> entries;                                                 // the one used last is in front
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key;  // into entries
    std::atomic<uint64_t> oldest_use{kNever};                                 // of the entry at the back
    std::atomic<uint64_t> entry_count{0}, hits{0}, misses{0}, evictions{0};
    // With the mutex held.
    void NoteOldest();
  };

  Shard& ShardOf(std::string_view key) { return shards_[std::hash<std::string_view>()(key) % shards_.size()]; }
  // The one used least lately; false when there is none.
  bool Evict();

  const size_t capacity_;
  std::atomic<size_t> used_{0};
  std::atomic<uint64_t> uses_{0};
  std::array<Shard, 16> shards_;
};

}  // namespace neso::local_cache
