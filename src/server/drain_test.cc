#include "server/drain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace neso {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Tells of its connections as a server does.
class FakeService {
 public:
  FakeService(size_t connections, size_t busy) : connections_(connections), busy_(busy) {}

  DrainedService Drained() {
    return {"HTTP", [this](std::shared_ptr<Event> changed) { changed_ = std::move(changed); },
            [this] { return connections_.load(); }, [this] { return busy_.load(); },
            [this] {
              idle_ended_++;
              connections_ = 0;
              changed_->Set();
            }};
  }
  void EndRequests() {
    busy_ = 0;
    changed_->Set();
  }
  size_t idle_ended() const { return idle_ended_; }

 private:
  std::shared_ptr<Event> changed_;
  std::atomic<size_t> connections_;
  std::atomic<size_t> busy_;
  size_t idle_ended_ = 0;
};

TimePoint In(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

TEST(DrainTest, WithoutConnectionsItEndsAtOnce) {
  FakeService service(0, 0);
  int looks = 0;
  DrainedService drained = service.Drained();
  drained.connections = [&looks] { return static_cast<size_t>(looks++ > 0); };  // a second look would find one
  DrainServices({drained}, In(std::chrono::hours(1)));
  EXPECT_EQ(looks, 1);
  EXPECT_EQ(service.idle_ended(), 0u);
}

TEST(DrainTest, WaitsForAConnectionThatNobodyCountsYet) {
  FakeService service(0, 0);
  int looks = 0;
  DrainedService drained = service.Drained();
  drained.connections = [&looks] { return static_cast<size_t>(looks++ == 1); };  // then, and gone soon
  DrainServices({drained}, In(std::chrono::hours(1)), {.at_least = std::chrono::milliseconds(10)});
  EXPECT_GT(looks, 2);
}

TEST(DrainTest, IdleConnectionsAreEndedAfterAMomentAndNothingIsSaid) {
  FakeService service(3, 0);
  ::testing::internal::CaptureStdout();
  DrainServices({service.Drained()}, In(std::chrono::hours(1)));
  EXPECT_EQ(service.idle_ended(), 1u);
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), IsEmpty());
}

// It hears of the end of the last request, rather than to look again.
TEST(DrainTest, IdleConnectionsStayWhileOthersAreBusy) {
  FakeService idle(1, 0);
  FakeService busy(1, 1);
  DrainedService drained = busy.Drained();
  std::thread client;
  drained.busy_connections = [&, looks = 0, count = drained.busy_connections]() mutable {
    const size_t busy_ones = count();
    if (++looks == 1) client = std::thread([&] { busy.EndRequests(); });
    EXPECT_TRUE(busy_ones == 0 || idle.idle_ended() == 0);
    return busy_ones;
  };
  DrainServices({idle.Drained(), drained}, In(std::chrono::hours(1)));
  client.join();
  EXPECT_EQ(idle.idle_ended(), 1u);
  EXPECT_EQ(busy.idle_ended(), 1u);
}

TEST(DrainTest, IdleStreamsKeepTheirConnectionsForASecondOnly) {
  FakeService service(1, 1);
  DrainedService drained = service.Drained();
  int ended = 0;
  drained.end_idle_streams = [&] {
    ended++;
    service.EndRequests();
  };
  const TimePoint begin = In(std::chrono::milliseconds(0));
  DrainServices({drained}, In(std::chrono::hours(1)));
  EXPECT_EQ(ended, 1);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

TEST(DrainTest, GivesUpAtTheDeadlineAndTellsWhatItWaitedFor) {
  FakeService service(2, 1);
  ::testing::internal::CaptureStdout();
  DrainServices({service.Drained()}, In(std::chrono::milliseconds(250)));
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), HasSubstr("\"Timeout 1: Found 2 HTTP service connections\""));
}

TEST(DrainTest, WithoutTimeItDoesNotWait) {
  FakeService service(2, 1);
  DrainServices({service.Drained()}, In(std::chrono::milliseconds(0)));
}

}  // namespace
}  // namespace neso
