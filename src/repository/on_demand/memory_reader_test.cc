#include "repository/on_demand/memory_reader.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstring>
#include <memory>
#include <vector>

namespace neso {
namespace {

// Too small for malloc to map them each on their own.
constexpr size_t kBlock = 64 * 1024;
constexpr int64_t kCopy = 400 * static_cast<int64_t>(kBlock);
constexpr int64_t kNoise = 4'000'000;

using Blocks = std::vector<std::unique_ptr<char[]>>;

Blocks Written(int64_t bytes) {
  Blocks blocks;
  for (int64_t written = 0; written < bytes; written += static_cast<int64_t>(kBlock)) {
    blocks.push_back(std::make_unique<char[]>(kBlock));
    std::memset(blocks.back().get(), 1, kBlock);
  }
  return blocks;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif

// Malloc was given back as much as before, and keeps it, but now it is resident.
TEST(SystemMemoryTest, WhatMallocKeepsIsGivenBackBeforeItSeemsToBeSomebodys) {
  if (kIsSanitized) GTEST_SKIP() << "a sanitizer has a malloc of its own";
  const SystemMemory memory{{}};
  Blocks room = Written(kCopy);
  const Blocks above = Written(kNoise);  // so that malloc keeps what is below
  room.clear();
  malloc_trim(0);
  const MemoryReading before = memory.Read();
  Written(kCopy);
  EXPECT_GT(memory.Read().resident - before.resident, kCopy - kNoise);
  const MemoryReading after = memory.ReadAfter(before);
  EXPECT_LT(after.resident - before.resident, kNoise);
  EXPECT_LT(after.heap - before.heap, kNoise);
}

}  // namespace
}  // namespace neso
