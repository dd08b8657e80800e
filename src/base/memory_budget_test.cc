#include "base/memory_budget.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/buffer.h"

namespace neso {
namespace {

TEST(MemoryBudgetTest, TakesNothingBeyondItsLimit) {
  MemoryBudget budget;
  EXPECT_TRUE(budget.TryCharge(SIZE_MAX / 4));  // none was set
  budget.Release(SIZE_MAX / 4);
  budget.SetLimit(1'000'000);
  EXPECT_TRUE(budget.TryCharge(600'000));
  EXPECT_FALSE(budget.TryCharge(600'000));
  EXPECT_FALSE(budget.TryCharge(SIZE_MAX));
  EXPECT_EQ(budget.UsedApprox(), 600'000u);
  EXPECT_TRUE(budget.TryCharge(400'000));
  budget.Release(1'000'000);
  EXPECT_EQ(budget.UsedApprox(), 0u);
}

TEST(MemoryBudgetTest, WhatIsCountedOnlyKeepsNewWorkOut) {
  MemoryBudget budget;
  budget.SetLimit(1'000'000);
  EXPECT_TRUE(budget.Admit().ok());
  budget.Charge(5'000'000);
  EXPECT_TRUE(budget.IsExhausted());
  EXPECT_EQ(budget.Admit().code(), StatusCode::kUnavailable);
  EXPECT_NE(budget.Admit().message().find("--memory-budget"), std::string::npos);
  budget.Release(5'000'000);
  EXPECT_FALSE(budget.IsExhausted());
}

TEST(MemoryBudgetTest, BuffersOfAllSizesAreCountedUntilTheyAreFreed) {
  const size_t before = MemoryBudget::OfProcess().UsedApprox();
  std::vector<BufferRef> kept;
  for (int i = 0; i < 100; i++) kept.push_back(Buffer::Allocate(10'000));
  kept.push_back(Buffer::Allocate(5'000'000));
  kept.push_back(Buffer::Allocate(300'000'000));
  const size_t with = MemoryBudget::OfProcess().UsedApprox();
  EXPECT_GE(with - before, 305'900'000u);
  EXPECT_LE(with - before, 310'000'000u);
  // Freed elsewhere: what threads have not told is told when they end.
  std::thread([&] { kept.clear(); }).join();
  std::thread([] { MemoryBudget::ChargeSmall(0); }).join();
  EXPECT_LE(MemoryBudget::OfProcess().UsedApprox(), before + 128 * 1024);
}

TEST(MemoryBudgetTest, ABufferThatIsFilledAsBytesComeIsCountedAsTheyCome) {
  const size_t before = MemoryBudget::OfProcess().UsedApprox();
  BufferRef buffer = Buffer::TryAllocate(64 << 20, 0, BufferCharge::kAsFilled);
  ASSERT_TRUE(buffer);
  EXPECT_LT(MemoryBudget::OfProcess().UsedApprox(), before + (1 << 20));
  EXPECT_TRUE(buffer->ChargeFilled(3 << 20));
  EXPECT_GE(MemoryBudget::OfProcess().UsedApprox(), before + (2 << 20));
  EXPECT_LT(MemoryBudget::OfProcess().UsedApprox(), before + (8 << 20));
  EXPECT_TRUE(buffer->ChargeFilled(64 << 20));
  buffer = {};
  EXPECT_LT(MemoryBudget::OfProcess().UsedApprox(), before + (1 << 20));
}

TEST(MemoryBudgetTest, IsWrittenInBytesOrAsAShare) {
  EXPECT_EQ(*ParseMemoryBudget("1234567", 1000), 1234567u);
  EXPECT_EQ(*ParseMemoryBudget("50%", 1001), 500u);
  EXPECT_EQ(*ParseMemoryBudget("100%", SIZE_MAX), SIZE_MAX);
  for (const char* wrong : {"", "%", "0", "0%", "101%", "-1", "1.5", "12x", "99999999999999999999"}) {
    EXPECT_EQ(ParseMemoryBudget(wrong, 1000).error().code(), StatusCode::kInvalidArg) << wrong;
  }
  EXPECT_GT(AvailableMemory(), 1u << 20);
}

}  // namespace
}  // namespace neso
