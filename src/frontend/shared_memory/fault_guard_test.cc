#include "frontend/shared_memory/fault_guard.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace neso {
namespace {

const size_t kPage = static_cast<size_t>(sysconf(_SC_PAGESIZE));

// Pages of an object that can be made shorter.
class Mapping {
 public:
  explicit Mapping(size_t pages) : pages_(pages), fd_(memfd_create("fault_guard_test", MFD_CLOEXEC)) {
    Resize(pages);
    void* base = mmap(nullptr, pages * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
    if (base == MAP_FAILED) std::abort();
    base_ = static_cast<volatile char*>(base);
  }
  ~Mapping() {
    munmap(address(), pages_ * kPage);
    close(fd_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  void Resize(size_t pages) const {
    if (ftruncate(fd_, static_cast<off_t>(pages * kPage)) != 0) std::abort();
  }
  volatile char& operator[](size_t i) const { return base_[i]; }
  void* address() const { return const_cast<char*>(base_); }

 private:
  const size_t pages_;
  const int fd_;
  volatile char* base_;
};

TEST(FaultGuardTest, MemoryThatIsThereIsLeftAlone) {
  const Mapping memory(2);
  const GuardedRange guard(memory.address(), 2 * kPage);
  memory[kPage] = 7;
  EXPECT_EQ(memory[kPage], 7);
  EXPECT_FALSE(guard.HasFaulted());
}

TEST(FaultGuardTest, ReadingBeyondATruncationGivesZeroes) {
  const Mapping memory(4);
  memory[0] = 1;
  memory[2 * kPage] = 2;
  const GuardedRange guard(memory.address(), 4 * kPage);
  memory.Resize(1);
  EXPECT_EQ(memory[2 * kPage], 0);
  EXPECT_TRUE(guard.HasFaulted());
  EXPECT_EQ(memory[0], 1);
  // What lies before the first fault is looked at when it is touched.
  EXPECT_EQ(memory[kPage], 0);
  memory[3 * kPage] = 3;
  EXPECT_EQ(memory[3 * kPage], 3);
}

TEST(FaultGuardTest, WritingBeyondATruncationIsForNothingButGoesOn) {
  const Mapping memory(1);
  const GuardedRange guard(memory.address(), 10);
  memory.Resize(0);
  memory[9] = 1;
  EXPECT_TRUE(guard.HasFaulted());
  EXPECT_EQ(memory[9], 1);
}

TEST(FaultGuardTest, ARangeKnowsOnlyOfItsOwnFaults) {
  const Mapping whole(1), cut(1);
  const GuardedRange whole_guard(whole.address(), kPage);
  const GuardedRange cut_guard(cut.address(), kPage);
  cut.Resize(0);
  EXPECT_EQ(cut[0], 0);
  EXPECT_TRUE(cut_guard.HasFaulted());
  EXPECT_FALSE(whole_guard.HasFaulted());
}

TEST(FaultGuardTest, ANewRangeInAnOldPlaceHasNotFaulted) {
  const Mapping memory(1);
  {
    const GuardedRange guard(memory.address(), kPage);
    memory.Resize(0);
    EXPECT_EQ(memory[0], 0);
    ASSERT_TRUE(guard.HasFaulted());
  }
  const GuardedRange guard(memory.address(), kPage);
  EXPECT_FALSE(guard.HasFaulted());
}

TEST(FaultGuardTest, ThreadsFaultAndRangesComeAndGoAtOnce) {
  std::atomic<bool> done{false};
  std::thread others([&done] {
    while (!done) {
      const Mapping memory(1);
      const GuardedRange first(memory.address(), kPage);
      const GuardedRange second(memory.address(), kPage);
      memory[0] = 1;
    }
  });
  std::vector<std::thread> faulting;
  for (int t = 0; t < 4; ++t) {
    faulting.emplace_back([] {
      for (int i = 0; i < 200; ++i) {
        const Mapping memory(3);
        const GuardedRange guard(memory.address(), 3 * kPage);
        memory.Resize(1);
        EXPECT_EQ(memory[2 * kPage], 0);
        EXPECT_EQ(memory[kPage], 0);
        EXPECT_TRUE(guard.HasFaulted());
      }
    });
  }
  for (std::thread& thread : faulting) thread.join();
  done = true;
  others.join();
}

// What ends a process, or would without a guard.

void TouchWhatNobodyGuards() {
  const Mapping guarded(1);
  const Mapping bare(1);
  const GuardedRange guard(guarded.address(), kPage);
  bare.Resize(0);
  bare[0] = 1;
}

void TouchWhatIsGuardedNoMore() {
  const Mapping memory(1);
  { const GuardedRange guard(memory.address(), kPage); }
  memory.Resize(0);
  memory[0] = 1;
}

void SendTheSignal() {
  const Mapping memory(1);
  const GuardedRange guard(memory.address(), kPage);
  raise(SIGBUS);
}

void FaultUnderAnOlderHandler() {
  struct sigaction action = {};
  action.sa_handler = [](int) { _exit(42); };
  sigaction(SIGBUS, &action, nullptr);
  TouchWhatNobodyGuards();
}

class FaultGuardDeathTest : public ::testing::Test {
 protected:
  // A process of its own, in which no range has been made yet.
  FaultGuardDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  ~FaultGuardDeathTest() override { GTEST_FLAG_SET(death_test_style, style_); }

  // Sanitizers bring a handler, which would report what is meant to happen.
  static void WithoutHandler(void (*end)()) {
    std::signal(SIGBUS, SIG_DFL);
    end();
  }

 private:
  const std::string style_ = GTEST_FLAG_GET(death_test_style);
};

TEST_F(FaultGuardDeathTest, AFaultElsewhereEndsTheProcess) {
  EXPECT_EXIT(WithoutHandler(TouchWhatNobodyGuards), ::testing::KilledBySignal(SIGBUS), "");
}

TEST_F(FaultGuardDeathTest, ARangeThatIsGoneGuardsNothing) {
  EXPECT_EXIT(WithoutHandler(TouchWhatIsGuardedNoMore), ::testing::KilledBySignal(SIGBUS), "");
}

TEST_F(FaultGuardDeathTest, ASignalThatSomebodySendsIsNoFault) {
  EXPECT_EXIT(WithoutHandler(SendTheSignal), ::testing::KilledBySignal(SIGBUS), "");
}

TEST_F(FaultGuardDeathTest, AHandlerThatWasThereBeforeGetsOtherFaults) {
  EXPECT_EXIT(FaultUnderAnOlderHandler(), ::testing::ExitedWithCode(42), "");
}

}  // namespace
}  // namespace neso
