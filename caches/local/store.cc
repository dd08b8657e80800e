#include "store.h"

#include <algorithm>
#include <utility>

namespace neso::local_cache {

void Store::Shard::NoteOldest() {
  oldest_use.store(entries.empty() ? kNever : entries.back().used_at, std::memory_order_relaxed);
}

std::shared_ptr<const Answer> Store::Find(std::string_view key) {
  Shard& shard = ShardOf(key);
  const std::lock_guard<std::mutex> lock(shard.mutex);
  const auto found = shard.by_key.find(key);
  if (found == shard.by_key.end()) {
    shard.misses.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  shard.hits.fetch_add(1, std::memory_order_relaxed);
  const auto entry = found->second;
  entry->used_at = uses_.fetch_add(1, std::memory_order_relaxed);
  shard.entries.splice(shard.entries.begin(), shard.entries, entry);
  shard.NoteOldest();
  return entry->answer;
}

bool Store::Contains(std::string_view key) {
  Shard& shard = ShardOf(key);
  const std::lock_guard<std::mutex> lock(shard.mutex);
  return shard.by_key.contains(key);
}

Store::Inserted Store::Insert(std::string_view key, std::shared_ptr<const Answer> answer) {
  const size_t cost = Cost(key, answer->byte_size());
  if (cost > capacity_) return Inserted::kTooLarge;
  used_.fetch_add(cost, std::memory_order_relaxed);
  while (used_.load(std::memory_order_relaxed) > capacity_) {
    if (Evict()) continue;
    used_.fetch_sub(cost, std::memory_order_relaxed);
    return Inserted::kNoRoom;
  }
  // Made here, and dropped here if it is not needed: no memory is taken or given back under the lock but the map's node.
  std::list<Entry> made;
  made.push_back({std::string(key), std::move(answer), cost, uses_.fetch_add(1, std::memory_order_relaxed)});
  Shard& shard = ShardOf(key);
  const std::lock_guard<std::mutex> lock(shard.mutex);
  if (!shard.by_key.emplace(made.front().key, made.begin()).second) {
    used_.fetch_sub(cost, std::memory_order_relaxed);
    return Inserted::kIsThere;
  }
  shard.entries.splice(shard.entries.begin(), made);
  shard.entry_count.fetch_add(1, std::memory_order_relaxed);
  shard.NoteOldest();
  return Inserted::kYes;
}

bool Store::Evict() {
  const auto oldest = std::min_element(shards_.begin(), shards_.end(), [](const Shard& a, const Shard& b) {
    return a.oldest_use.load(std::memory_order_relaxed) < b.oldest_use.load(std::memory_order_relaxed);
  });
  std::list<Entry> evicted;  // freed without the lock
  const std::lock_guard<std::mutex> lock(oldest->mutex);
  if (oldest->entries.empty()) {
    // Somebody else was quicker, or there is nothing at all.
    return std::any_of(shards_.begin(), shards_.end(),
                       [](const Shard& shard) { return shard.oldest_use.load(std::memory_order_relaxed) != kNever; });
  }
  evicted.splice(evicted.begin(), oldest->entries, std::prev(oldest->entries.end()));
  oldest->by_key.erase(evicted.front().key);
  oldest->entry_count.fetch_sub(1, std::memory_order_relaxed);
  oldest->evictions.fetch_add(1, std::memory_order_relaxed);
  oldest->NoteOldest();
  used_.fetch_sub(evicted.front().cost, std::memory_order_relaxed);
  return true;
}

StoreTotals Store::Totals() const {
  StoreTotals totals{.used_bytes = used_.load(std::memory_order_relaxed)};
  for (const Shard& shard : shards_) {
    totals.entries += shard.entry_count.load(std::memory_order_relaxed);
    totals.hits += shard.hits.load(std::memory_order_relaxed);
    totals.misses += shard.misses.load(std::memory_order_relaxed);
    totals.evictions += shard.evictions.load(std::memory_order_relaxed);
  }
  return totals;
}

}  // namespace neso::local_cache
