#include "net/http2/http2_keep_alive.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace neso::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Action = Http2KeepAlive::Action;

const TimePoint kStart{hours(1)};

// Acts whenever something is due, up to `end`; what came of it, with the seconds since the start.
std::vector<std::pair<double, Action>> Watch(Http2KeepAlive& keep_alive, TimePoint end, bool has_calls = true) {
  std::vector<std::pair<double, Action>> actions;
  while (keep_alive.deadline() <= end) {
    const TimePoint now = keep_alive.deadline();
    const Action action = keep_alive.Act(now, has_calls);
    if (action == Action::kNone) continue;
    actions.emplace_back(std::chrono::duration<double>(now - kStart).count(), action);
    if (action == Action::kCut) break;
  }
  return actions;
}

using Actions = std::vector<std::pair<double, Action>>;

TEST(Http2KeepAliveTest, PingsASilentClientAndGivesItUp) {
  const Http2KeepAliveOptions options{.time = seconds(10), .timeout = seconds(3)};
  Http2KeepAlive keep_alive(options, kStart, 0);
  EXPECT_EQ(Watch(keep_alive, kStart + hours(1)), (Actions{{10, Action::kPing}, {13, Action::kCut}}));
}

TEST(Http2KeepAliveTest, WaitsForItsTimeSinceTheLastThingThatCame) {
  const Http2KeepAliveOptions options{.time = seconds(10), .timeout = seconds(3)};
  Http2KeepAlive keep_alive(options, kStart, 0);
  keep_alive.OnReceived(kStart + seconds(9));
  EXPECT_EQ(Watch(keep_alive, kStart + seconds(20)), (Actions{{19, Action::kPing}}));
  keep_alive.OnReceived(kStart + seconds(20));
  EXPECT_EQ(Watch(keep_alive, kStart + seconds(31)), (Actions{{30, Action::kPing}}));
}

TEST(Http2KeepAliveTest, PingsAgainInTimeWhenItsPatienceIsLonger) {
  const Http2KeepAliveOptions options{.time = seconds(1), .timeout = seconds(20)};
  Http2KeepAlive keep_alive(options, kStart, 0);
  EXPECT_EQ(Watch(keep_alive, kStart + milliseconds(1500)), (Actions{{1, Action::kPing}}));
  keep_alive.OnReceived(kStart + milliseconds(1500));
  EXPECT_EQ(Watch(keep_alive, kStart + hours(1)), (Actions{{2.5, Action::kPing}, {22.5, Action::kCut}}));
}

TEST(Http2KeepAliveTest, LeavesConnectionsWithoutCallsAloneUnlessPermitted) {
  Http2KeepAliveOptions options{.time = seconds(10), .timeout = seconds(3)};
  Http2KeepAlive keep_alive(options, kStart, 0);
  EXPECT_EQ(Watch(keep_alive, kStart + seconds(35), false), Actions{});
  EXPECT_EQ(Watch(keep_alive, kStart + seconds(41), true), (Actions{{40, Action::kPing}}));
  options.permit_without_calls = true;
  Http2KeepAlive permitted(options, kStart, 0);
  EXPECT_EQ(Watch(permitted, kStart + seconds(11), false), (Actions{{10, Action::kPing}}));
}

TEST(Http2KeepAliveTest, SendsNoMorePingsThanMayGoWithoutData) {
  Http2KeepAliveOptions options{.time = seconds(10), .timeout = seconds(3), .max_pings_without_data = 2};
  const auto pings_in_a_minute = [&options] {
    Http2KeepAlive keep_alive(options, kStart, 0);
    size_t pings = 0;
    for (int second = 0; second <= 60; second++) {
      pings += Watch(keep_alive, kStart + seconds(second)).size();
      if (second % 10 == 1) keep_alive.OnReceived(kStart + seconds(second));
    }
    return pings;
  };
  EXPECT_EQ(pings_in_a_minute(), 2u);
  options.max_pings_without_data = 0;
  EXPECT_EQ(pings_in_a_minute(), 5u);
}

TEST(Http2KeepAliveTest, DataMakesRoomForPings) {
  const Http2KeepAliveOptions options{.time = seconds(10), .timeout = seconds(3), .max_pings_without_data = 1};
  Http2KeepAlive keep_alive(options, kStart, 0);
  EXPECT_EQ(Watch(keep_alive, kStart + seconds(11)).size(), 1u);
  keep_alive.OnReceived(kStart + seconds(11));
  EXPECT_EQ(Watch(keep_alive, kStart + seconds(25)).size(), 0u);
  keep_alive.OnDataSent();
  EXPECT_EQ(Watch(keep_alive, kStart + seconds(32)).size(), 1u);
}

TEST(Http2KeepAliveTest, ATimeThatIsForeverPingsNever) {
  const Http2KeepAliveOptions options{.time = Http2KeepAliveOptions::kNever};
  Http2KeepAlive keep_alive(options, kStart, 0);
  EXPECT_EQ(keep_alive.deadline(), TimePoint::max());
}

TEST(Http2KeepAliveTest, BearsAsManyEarlyPingsAsItIsTold) {
  const Http2KeepAliveOptions options{.min_ping_interval = seconds(10), .max_ping_strikes = 2};
  Http2KeepAlive keep_alive(options, kStart, 0);
  TimePoint now = kStart;
  EXPECT_TRUE(keep_alive.OnPing(now, true));
  EXPECT_TRUE(keep_alive.OnPing(now += seconds(10), true)) << "in time";
  EXPECT_TRUE(keep_alive.OnPing(now += seconds(9), true)) << "strike one";
  EXPECT_TRUE(keep_alive.OnPing(now += seconds(9), true)) << "strike two";
  EXPECT_TRUE(keep_alive.OnPing(now += seconds(10), true)) << "in time";
  EXPECT_FALSE(keep_alive.OnPing(now += seconds(9), true)) << "strike three";
}

TEST(Http2KeepAliveTest, DataForgivesStrikes) {
  const Http2KeepAliveOptions options{.min_ping_interval = seconds(10), .max_ping_strikes = 1};
  Http2KeepAlive keep_alive(options, kStart, 0);
  for (int i = 0; i < 10; i++) {
    EXPECT_TRUE(keep_alive.OnPing(kStart, true));
    EXPECT_TRUE(keep_alive.OnPing(kStart, true));
    keep_alive.OnDataSent();
  }
}

TEST(Http2KeepAliveTest, PingsWithoutCallsAreEarlyWithinTwoHours) {
  Http2KeepAliveOptions options{.min_ping_interval = minutes(5), .max_ping_strikes = 1};
  const auto bears = [&options](Nanoseconds interval) {
    Http2KeepAlive keep_alive(options, kStart, 0);
    bool borne = true;
    for (int i = 0; i < 3; i++) borne = keep_alive.OnPing(kStart + i * interval, false);
    return borne;
  };
  EXPECT_FALSE(bears(hours(1)));
  EXPECT_TRUE(bears(hours(2)));
  options.permit_without_calls = true;
  EXPECT_TRUE(bears(minutes(5)));
  options.permit_without_calls = false;
  options.max_ping_strikes = 0;
  EXPECT_TRUE(bears(seconds(1)));
}

TEST(Http2KeepAliveTest, OldConnectionsEndAndAreCutWhenTheirGraceIsOver) {
  Http2KeepAliveOptions options{.max_age = seconds(100), .max_age_grace = seconds(5)};
  Http2KeepAlive keep_alive(options, kStart, 0);
  EXPECT_EQ(Watch(keep_alive, kStart + hours(1)), (Actions{{100, Action::kEnd}, {105, Action::kCut}}));
  Http2KeepAlive early(options, kStart, -1);
  EXPECT_EQ(Watch(early, kStart + seconds(91)), (Actions{{90, Action::kEnd}}));
  options.max_age_grace = milliseconds(0);
  Http2KeepAlive late(options, kStart, 1);
  EXPECT_EQ(Watch(late, kStart + hours(1)), (Actions{{110, Action::kEnd}})) << "calls may take any time";
}

}  // namespace
}  // namespace neso::net
