// A response cache for tests.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "cache/response_cache.h"

namespace neso::test {

// An output "out" of one byte.
inline void AddOneByte(InferenceResponse& response, char byte) {
  Output* const output = *response.AddOutput("out", DataType::kUint8, std::vector<int64_t>{1});
  void* buffer = nullptr;
  MemoryType type = MemoryType::kCpu;
  int64_t id = 0;
  ASSERT_TRUE(output->AllocateBuffer(&buffer, 1, MemoryType::kCpu, 0, &type, &id).ok());
  *static_cast<char*>(buffer) = byte;
}

// Keeps entries as bytes, and fails when it is told to.
class FakeCache final : public ResponseCache {
 public:
  explicit FakeCache(bool in_process) : in_process_(in_process) {}

  bool is_in_process() const override { return in_process_; }
  Status Lookup(const CacheKey& key, InferenceResponse& response) override {
    if (!failure.ok()) return failure;
    MutexLock lock(mutex_);
    const auto found = entries_.find(std::string(key.text()));
    if (found == entries_.end()) return NotFound("nothing");
    ASSIGN_OR_RETURN(const CachedAnswer answer, ReadEntry(found->second));
    return FillResponse(answer, response);
  }
  Status Insert(const CacheKey& key, const CachedAnswer& answer) override {
    if (!failure.ok()) return failure;
    std::vector<std::byte> entry(EntrySize(answer));
    WriteEntry(answer, entry);
    MutexLock lock(mutex_);
    const bool is_new = entries_.emplace(key.text(), std::move(entry)).second;
    return is_new ? Status() : AlreadyExists("there");
  }
  size_t size() {
    MutexLock lock(mutex_);
    return entries_.size();
  }
  void Damage() {
    MutexLock lock(mutex_);
    for (auto& [key, entry] : entries_) entry.resize(entry.size() / 2);
  }

  Status failure;

 private:
  const bool in_process_;
  Mutex mutex_;
  std::map<std::string, std::vector<std::byte>> entries_ GUARDED_BY(mutex_);
};

}  // namespace neso::test
