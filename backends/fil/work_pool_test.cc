#include "work_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace neso::fil {
namespace {

TEST(WorkPoolTest, DoesEachPartOnce) {
  for (const size_t parts : {0U, 1U, 2U, 1000U}) {
    std::vector<std::atomic<int>> done(parts);
    WorkPool::Instance().Run(parts, -1, [&](size_t part) { done[part].fetch_add(1); });
    for (const auto& times : done) EXPECT_EQ(times.load(), 1);
  }
}

TEST(WorkPoolTest, OfOneThreadIsTheCallers) {
  const std::thread::id caller = std::this_thread::get_id();
  WorkPool::Instance().Run(100, 1, [&](size_t) { EXPECT_EQ(std::this_thread::get_id(), caller); });
}

TEST(WorkPoolTest, ThrowsWhatAPartThrows) {
  const auto throw_late = [](size_t part) {
    if (part > 90) throw std::runtime_error("late");
  };
  EXPECT_THROW(WorkPool::Instance().Run(100, -1, throw_late), std::runtime_error);
  EXPECT_THROW(WorkPool::Instance().Run(100, 1, throw_late), std::runtime_error);
}

TEST(WorkPoolTest, ServesSeveralCallersAtOnce) {
  std::atomic<size_t> sum = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) WorkPool::Instance().Run(16, -1, [&](size_t part) { sum += part; });
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum.load(), 8 * 200 * 120);
}

}  // namespace
}  // namespace neso::fil
