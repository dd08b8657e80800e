#include "schedule/latency_target.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

using std::chrono::milliseconds;
using Trial = TuningSearch::Trial;

constexpr Nanoseconds kTarget = milliseconds(16);  // a step of waiting is 1 ms
constexpr uint32_t kMaxBatch = 64;

BatchTuning Tuning(uint32_t rows, int delay_ms = 0) { return {rows, milliseconds(delay_ms)}; }

// A window of an instance that is always busy; late ones are all late.
LatencyWindow Seen(int p99_ms, int execution_ms, uint32_t batch, double rows_per_s = 1000,
                   double rows_per_busy_s = 1000) {
  return {.p99 = milliseconds(p99_ms),
          .longest_execution = milliseconds(execution_ms),
          .largest_batch = batch,
          .typical_batch = static_cast<double>(batch),
          .rows_at_once = static_cast<double>(batch),
          .waited = 1,
          .late = milliseconds(p99_ms) > kTarget ? 1.0 : 0.0,
          .rows_per_s = rows_per_s,
          .rows_per_busy_s = rows_per_busy_s,
          .smaller_per_busy_s = 0};
}
const LatencyWindow kCalm = Seen(8, 4, 20), kLate = Seen(20, 4, 20);

TuningSearch At(BatchTuning tuning, Trial upcoming, uint32_t rests = 0) {
  TuningSearch search;
  search.tuning = tuning;
  search.upcoming = upcoming;
  search.rows_unwaited = kMaxBatch;
  search.rests = search.rests_after = rests;
  search.seen_before = kCalm;
  return search;
}
TuningSearch Trying(Trial trial, BatchTuning tuning, BatchTuning before, const LatencyWindow& seen_before = kCalm) {
  TuningSearch search = At(tuning, Trial::kSmallerBatches);
  search.trial = trial;
  search.before = before;
  search.seen_before = seen_before;
  return search;
}

struct Case {
  const char* what;
  TuningSearch search;
  LatencyWindow seen;
  BatchTuning tuning;
  Trial trial;
};

void ExpectAll(std::initializer_list<Case> cases) {
  for (const Case& c : cases) {
    const TuningSearch next = NextTuning(c.search, c.seen, kTarget, kMaxBatch);
    EXPECT_EQ(next.tuning.max_rows, c.tuning.max_rows) << c.what;
    EXPECT_EQ(next.tuning.delay, c.tuning.delay) << c.what;
    EXPECT_EQ(next.trial, c.trial) << c.what;
  }
}

LatencyWindow With(LatencyWindow seen, double LatencyWindow::*field, double value) {
  seen.*field = value;
  return seen;
}

TEST(LatencyTargetTest, TriesSmallerBatchesUnlessTheyAreKnownToDoLess) {
  const TuningSearch search = At(Tuning(64), Trial::kSmallerBatches);
  ExpectAll({
      {"than those that there are", search, kLate, Tuning(15), Trial::kSmallerBatches},
      {"than the limit", At(Tuning(16), Trial::kSmallerBatches), kLate, Tuning(12), Trial::kSmallerBatches},
      {"known to do more", search, With(kLate, &LatencyWindow::smaller_per_busy_s, 1100), Tuning(15),
       Trial::kSmallerBatches},
      {"known to do the same: waiting is next", search, With(kCalm, &LatencyWindow::smaller_per_busy_s, 1000),
       Tuning(20, 5), Trial::kWaiting},
      {"instances have time: nothing", search, With(kLate, &LatencyWindow::waited, 0.5), Tuning(64), Trial::kNone},
      {"single requests", search, Seen(20, 15, 1), Tuning(64), Trial::kNone},
  });
}

TEST(LatencyTargetTest, KeepsTheSizesByWhichInstancesDoMost) {
  ExpectAll({
      {"smaller ones do more: on", Trying(Trial::kSmallerBatches, Tuning(48), Tuning(64)), Seen(8, 4, 48, 1000, 1100),
       Tuning(36), Trial::kSmallerBatches},
      {"smaller ones do the same", Trying(Trial::kSmallerBatches, Tuning(48), Tuning(64)), Seen(8, 4, 48), Tuning(64),
       Trial::kNone},
      {"but end lateness", Trying(Trial::kSmallerBatches, Tuning(1), Tuning(2), kLate), Seen(8, 4, 1), Tuning(1),
       Trial::kNone},
      {"smaller ones do less, under overload too", Trying(Trial::kSmallerBatches, Tuning(48), Tuning(64), kLate),
       Seen(20, 4, 48, 900, 900), Tuning(64), Trial::kNone},
      {"larger ones do no less: on", Trying(Trial::kLargerBatches, Tuning(36), Tuning(32)), Seen(8, 4, 36), Tuning(40),
       Trial::kLargerBatches},
      {"larger ones do less", Trying(Trial::kLargerBatches, Tuning(36), Tuning(32)), Seen(8, 4, 36, 1000, 950),
       Tuning(32), Trial::kNone},
      {"larger ones make late", Trying(Trial::kLargerBatches, Tuning(36), Tuning(32)), Seen(20, 4, 36, 1000, 1100),
       Tuning(32), Trial::kNone},
      {"no larger than is configured", Trying(Trial::kLargerBatches, Tuning(64), Tuning(60)), Seen(8, 4, 64),
       Tuning(64), Trial::kNone},
  });
}

TEST(LatencyTargetTest, WaitsForAsManyAsThereAreWhereThatGains) {
  const TuningSearch search = At(Tuning(64), Trial::kWaiting);
  ExpectAll({
      {"for longer than an execution", search, kCalm, Tuning(20, 5), Trial::kWaiting},
      {"and for those who are executed meanwhile", search, With(kCalm, &LatencyWindow::rows_at_once, 38.6),
       Tuning(39, 5), Trial::kWaiting},
      {"at most a full batch", search, With(kCalm, &LatencyWindow::rows_at_once, 1e9), Tuning(64, 5), Trial::kWaiting},
      {"no room for it under the target", search, Seen(15, 8, 20), Tuning(15), Trial::kSmallerBatches},
      {"requests are late anyway", search, Seen(20, 8, 20), Tuning(20, 9), Trial::kWaiting},
      {"it gains: kept, for no more where there are no more", Trying(Trial::kWaiting, Tuning(20, 5), Tuning(64)),
       Seen(8, 4, 19, 1300), Tuning(19, 5), Trial::kWaiting},
      {"it gains: for more where there are more", Trying(Trial::kWaiting, Tuning(20, 5), Tuning(64)),
       Seen(8, 4, 20, 1300), Tuning(30, 5), Trial::kWaiting},
      {"it gains too little", Trying(Trial::kWaiting, Tuning(20, 5), Tuning(64)), Seen(8, 4, 20, 1100), Tuning(64),
       Trial::kNone},
      {"it ends lateness, which is enough", Trying(Trial::kWaiting, Tuning(64, 5), Tuning(64), kLate),
       Seen(8, 4, 64, 1000), Tuning(64, 5), Trial::kNone},
      {"it makes late", Trying(Trial::kWaiting, Tuning(20, 5), Tuning(64)), Seen(20, 4, 20, 1300), Tuning(64),
       Trial::kNone},
  });
}

TEST(LatencyTargetTest, EndsWaitingThatBringsNothing) {
  ExpectAll({
      {"is tried", At(Tuning(20, 5), Trial::kNoWaiting), kCalm, Tuning(64), Trial::kNoWaiting},
      {"loses nothing", Trying(Trial::kNoWaiting, Tuning(64), Tuning(20, 5)), Seen(8, 4, 20, 980), Tuning(64),
       Trial::kNone},
      {"loses", Trying(Trial::kNoWaiting, Tuning(64), Tuning(20, 5)), Seen(8, 4, 20, 900), Tuning(20, 5), Trial::kNone},
      {"what waits and is late stops waiting at once", At(Tuning(20, 5), Trial::kWaiting, 100), kLate, Tuning(64),
       Trial::kNone},
  });
}

TEST(LatencyTargetTest, BeginsWithTheConfiguredDelayAsFarAsTheTargetAllows) {
  EXPECT_EQ(FirstTuning(kTarget, kMaxBatch, milliseconds(3)).tuning, Tuning(kMaxBatch, 3));
  EXPECT_EQ(FirstTuning(kTarget, kMaxBatch, milliseconds(30)).tuning, Tuning(kMaxBatch, 8));
}

TEST(LatencyTargetTest, TriesMoreAndMoreSeldomWhatDoesNotPay) {
  TuningSearch search = At(Tuning(64), Trial::kSmallerBatches);
  uint32_t trials = 0;
  for (int window = 0; window < 2000; ++window) {
    search = NextTuning(search, kCalm, kTarget, kMaxBatch);
    if (search.trial != Trial::kNone) ++trials;
  }
  EXPECT_GT(trials, 10U);
  EXPECT_LE(trials, 20U) << "one in a hundred";
}

TEST(LatencyTargetTest, ForgetsWhatItTriedWhenTheLoadChanges) {
  const TuningSearch resting = At(Tuning(64), Trial::kSmallerBatches, 128);
  EXPECT_EQ(NextTuning(resting, Seen(8, 4, 20, 1100), kTarget, kMaxBatch).rests, 127U);
  EXPECT_LE(NextTuning(resting, Seen(8, 4, 20, 1300), kTarget, kMaxBatch).rests, 4U);
  EXPECT_LE(NextTuning(resting, Seen(8, 4, 20, 700), kTarget, kMaxBatch).rests, 4U);
}

}  // namespace
}  // namespace neso
