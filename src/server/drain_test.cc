#include "server/drain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Connections of which some are busy for a number of looks.
struct FakeService {
  size_t connections = 0;
  size_t busy_looks = 0;
  size_t idle_ended = 0;

  DrainedService Drained() {
    return {"HTTP", [this] { return connections; }, [this] { return busy_looks == 0 ? 0 : busy_looks--; },
            [this] {
              idle_ended++;
              connections = 0;
            }};
  }
};

TimePoint In(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

TEST(DrainTest, WithoutConnectionsItEndsAtOnce) {
  FakeService service;
  int looks = 0;
  DrainedService drained = service.Drained();
  drained.connections = [&looks] { return static_cast<size_t>(looks++ > 0); };  // a second look would find one
  WaitForConnections({drained}, In(std::chrono::hours(1)));
  EXPECT_EQ(looks, 1);
  EXPECT_EQ(service.idle_ended, 0u);
}

TEST(DrainTest, IdleConnectionsAreEndedAfterAMomentAndNothingIsSaid) {
  FakeService service{.connections = 3};
  ::testing::internal::CaptureStdout();
  WaitForConnections({service.Drained()}, In(std::chrono::hours(1)));
  EXPECT_EQ(service.idle_ended, 1u);
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), IsEmpty());
}

TEST(DrainTest, IdleConnectionsStayWhileOthersAreBusy) {
  FakeService idle{.connections = 1};
  FakeService busy{.connections = 1, .busy_looks = 5};
  WaitForConnections({idle.Drained(), busy.Drained()}, In(std::chrono::hours(1)));
  EXPECT_EQ(busy.busy_looks, 0u);
  EXPECT_EQ(idle.idle_ended, 1u);
}

TEST(DrainTest, IdleStreamsKeepTheirConnectionsForASecondOnly) {
  FakeService service{.connections = 1, .busy_looks = SIZE_MAX};
  DrainedService drained = service.Drained();
  int ended = 0;
  drained.end_idle_streams = [&] {
    ended++;
    service.busy_looks = 0;
  };
  const TimePoint begin = In(std::chrono::milliseconds(0));
  WaitForConnections({drained}, In(std::chrono::hours(1)));
  EXPECT_EQ(ended, 1);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

TEST(DrainTest, GivesUpAtTheDeadlineAndTellsWhatItWaitedFor) {
  FakeService service{.connections = 2, .busy_looks = SIZE_MAX};
  ::testing::internal::CaptureStdout();
  WaitForConnections({service.Drained()}, In(std::chrono::milliseconds(250)));
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), HasSubstr("\"Timeout 1: Found 2 HTTP service connections\""));
}

TEST(DrainTest, WithoutTimeItDoesNotWait) {
  FakeService service{.connections = 2, .busy_looks = SIZE_MAX};
  WaitForConnections({service.Drained()}, In(std::chrono::milliseconds(0)));
}

}  // namespace
}  // namespace neso
