#include "neso/backend/staging_buffer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <new>

// Memory that is not to be had is an exception under sanitizers, too, and not the test's end.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }
extern "C" const char* __tsan_default_options() { return "allocator_may_return_null=1"; }

namespace neso::backend {
namespace {

TEST(StagingBufferTest, IsAlignedAndKeepsItsMemoryForSmallerBatches) {
  StagingBuffer buffer;
  std::byte* const memory = buffer.Reserve(1000);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % kStagingAlignment, 0U);
  std::memset(memory, 1, 1000);
  EXPECT_EQ(buffer.Reserve(10), memory);
  EXPECT_EQ(buffer.Reserve(1024), memory);  // the power of two above 1000
}

TEST(StagingBufferTest, AfterMemoryRanOutItGivesWhatThereIs) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers end the process when memory cannot be had";
#endif
  StagingBuffer buffer;
  buffer.Reserve(100);
  EXPECT_THROW(buffer.Reserve(size_t{1} << 62), std::bad_alloc);
  std::byte* const memory = buffer.Reserve(100);
  ASSERT_NE(memory, nullptr);
  std::memset(memory, 1, 100);
}

}  // namespace
}  // namespace neso::backend
