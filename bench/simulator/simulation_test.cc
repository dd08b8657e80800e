// What holds of every outcome, whatever the configuration: no request is lost, executed twice, served out of turn, or left
// waiting beside an idle instance.
#include "simulation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>

#include "core/test_support.h"
#include "loads.h"
#include "random_scenario.h"
#include "schedule/sequence_config.h"

namespace neso::simulator {
namespace {

using std::chrono::microseconds;

// Seeds that are the same each time, and some that are not: those are printed, and may be given as NESO_SEED.
std::vector<unsigned> Seeds() {
  std::vector<unsigned> seeds;
  if (const char* given = std::getenv("NESO_SEED")) return {static_cast<unsigned>(std::strtoul(given, nullptr, 10))};
  for (unsigned seed = 0; seed < 60; ++seed) seeds.push_back(seed);
  const unsigned first = std::random_device{}();
  std::cout << "seeds 0 to 59, and " << first << " to " << first + 59 << "\n";
  for (unsigned i = 0; i < 60; ++i) seeds.push_back(first + i);
  return seeds;
}

// The batches of an outcome: their requests in order of their places.
std::vector<std::vector<const Record*>> BatchesOf(const Outcome& outcome) {
  std::vector<std::vector<const Record*>> batches(outcome.batches);
  for (const Record& record : outcome.requests) {
    if (record.fate == Fate::kExecuted) batches[record.batch].push_back(&record);
  }
  for (auto& batch : batches) {
    std::sort(batch.begin(), batch.end(), [](const Record* a, const Record* b) { return a->place < b->place; });
  }
  return batches;
}

void ExpectEachEndsOnce(const Outcome& outcome, uint64_t sent) {
  EXPECT_EQ(outcome.requests.size(), sent);
  for (const Record& record : outcome.requests) {
    EXPECT_EQ(record.times_ended, 1U);
    EXPECT_NE(record.fate, Fate::kUnknown);
    EXPECT_GE(record.ended, record.arrival.at);
  }
}

// When each instance was busy.
class Shifts {
 public:
  explicit Shifts(const std::vector<std::vector<const Record*>>& batches, unsigned instances)
      : by_instance_(instances) {
    for (const auto& batch : batches) {
      auto& shifts = by_instance_[batch.front()->instance];
      EXPECT_TRUE(shifts.empty() || shifts.rbegin()->second <= batch.front()->began) << "one batch at a time";
      shifts[batch.front()->began] = batch.front()->ended;
    }
  }
  // Shortly before `at`.
  bool AllBusyBefore(TimePoint at) const {
    return std::all_of(by_instance_.begin(), by_instance_.end(), [at](const auto& shifts) {
      const auto next = shifts.lower_bound(at);
      return next != shifts.begin() && std::prev(next)->second >= at;
    });
  }

 private:
  std::vector<std::map<TimePoint, TimePoint>> by_instance_;
};

class QueueProperties {
 public:
  QueueProperties(const Scenario& scenario, const Outcome& outcome)
      : outcome_(outcome),
        model_(test::ParseConfig(scenario.config)),
        batching_(model_.has_dynamic_batching() ? DynamicConfig(model_) : DirectConfig()),
        batches_(BatchesOf(outcome)),
        shifts_(batches_, scenario.instances) {}

  void ExpectAll() const {
    for (const auto& batch : batches_) ExpectWellFormed(batch);
    for (const Record& record : outcome_.requests) {
      ExpectDeservedItsFate(record);
      ExpectDidNotWaitBesideAnIdleInstance(record);
    }
    ExpectServedInTurn();
  }

 private:
  size_t LevelOf(const Record& record) const {
    uint64_t priority = record.arrival.priority;
    if (priority == 0) priority = model_.dynamic_batching().default_priority_level();
    return std::clamp<uint64_t>(priority, 1, batching_.levels.size()) - 1;
  }
  const QueuePolicy& PolicyOf(const Record& record) const { return batching_.levels[LevelOf(record)]; }
  Nanoseconds TimeoutOf(const Record& record) const {
    const QueuePolicy& policy = PolicyOf(record);
    if (policy.default_timeout <= Nanoseconds(0)) return Nanoseconds::max();
    const microseconds asked(record.arrival.timeout_us);
    if (!policy.allow_timeout_override || asked <= microseconds(0)) return policy.default_timeout;
    return std::min<Nanoseconds>(policy.default_timeout, asked);
  }

  void ExpectWellFormed(const std::vector<const Record*>& batch) const {
    uint32_t rows = 0;
    for (const Record* record : batch) {
      rows += record->arrival.rows;
      EXPECT_EQ(record->arrival.elements, batch.front()->arrival.elements) << "requests of one shape share a batch";
      EXPECT_EQ(record->instance, batch.front()->instance);
      EXPECT_EQ(record->began, batch.front()->began);
    }
    if (batch.size() > 1) {
      EXPECT_LE(rows, batching_.max_batch_size);
    }
  }

  void ExpectDeservedItsFate(const Record& record) const {
    const QueuePolicy& policy = PolicyOf(record);
    switch (record.fate) {
      case Fate::kRefused: EXPECT_GT(policy.max_queue_size, 0U); break;
      case Fate::kExpired:
        EXPECT_FALSE(policy.delay_expired);
        EXPECT_GE(record.latency(), TimeoutOf(record));
        break;
      case Fate::kCancelled: EXPECT_GE(record.ended, record.arrival.cancelled_at); break;
      case Fate::kExecuted:
        EXPECT_TRUE(policy.delay_expired || record.began - record.arrival.at <= TimeoutOf(record));
        break;
      case Fate::kUnknown: break;
    }
  }

  void ExpectDidNotWaitBesideAnIdleInstance(const Record& record) const {
    const TimePoint left = record.fate == Fate::kExecuted ? record.began : record.ended;
    if (left - record.arrival.at <= batching_.max_queue_delay) return;
    EXPECT_TRUE(shifts_.AllBusyBefore(left)) << "an instance was idle while a request waited";
  }

  // Whoever is executed has nobody before him who still waits: of a higher level, or of his own level (where clients share,
  // and of his own client) who came earlier. What has waited for longer than its level allows and is only delayed comes
  // behind, in any order.
  void ExpectServedInTurn() const {
    std::map<std::pair<size_t, uint64_t>, std::set<const Record*>> waiting;  // by level and client
    const auto line_of = [this](const Record* record) {
      return std::pair(LevelOf(*record), batching_.fair_share_by.empty() ? 0 : record->arrival.client);
    };
    const auto remove = [&](const Record* record) {
      const auto line = waiting.find(line_of(record));
      if (line == waiting.end()) return;
      line->second.erase(record);
      if (line->second.empty()) waiting.erase(line);
    };
    std::multimap<TimePoint, const Record*> dropped;  // of those that wait
    auto came = outcome_.requests.begin();
    for (size_t number = 0; number < batches_.size(); ++number) {
      const TimePoint now = batches_[number].front()->began;
      for (; came != outcome_.requests.end() && came->arrival.at < now; ++came) {
        const bool executed = came->fate == Fate::kExecuted;
        if (MayBeDelayed(*came) || (executed && came->batch < number)) continue;
        waiting[line_of(&*came)].insert(&*came);
        if (!executed) dropped.insert({came->ended, &*came});
      }
      for (; !dropped.empty() && dropped.begin()->first <= now; dropped.erase(dropped.begin())) {
        remove(dropped.begin()->second);
      }
      for (const Record* record : batches_[number]) remove(record);
      for (const Record* record : batches_[number]) {
        if (MayBeDelayed(*record)) continue;
        EXPECT_TRUE(waiting.empty() || LevelOf(*record) <= waiting.begin()->first.first) << "a higher level waits";
        const auto line = waiting.find(line_of(record));
        EXPECT_TRUE(line == waiting.end() || record < *line->second.begin()) << "out of turn";
      }
    }
  }
  bool MayBeDelayed(const Record& record) const {
    return PolicyOf(record).delay_expired && record.latency() >= TimeoutOf(record);
  }

  const Outcome& outcome_;
  const inference::ModelConfig model_;
  const BatchingConfig batching_;
  const std::vector<std::vector<const Record*>> batches_;
  const Shifts shifts_;
};

TEST(SimulationTest, QueuesOfAllKindsServeEveryRequestOnceAndInTurn) {
  constexpr uint64_t kRequests = 2'000;
  for (const unsigned seed : Seeds()) {
    const Scenario scenario = RandomQueueScenario(seed, kRequests);
    SCOPED_TRACE(testing::Message() << "NESO_SEED=" << seed << ": " << scenario.instances << " x " << scenario.config);
    const Outcome outcome = Simulation(scenario).Run();
    ExpectEachEndsOnce(outcome, kRequests);
    QueueProperties(scenario, outcome).ExpectAll();
    if (HasFailure()) return;
  }
}

void ExpectSequencesAreKept(const Scenario& scenario, const Outcome& outcome) {
  const inference::ModelConfig model = test::ParseConfig(scenario.config);
  const SequenceConfig config = MakeSequenceConfig(model);
  std::map<uint64_t, std::vector<const Record*>> sequences;
  for (const Record& record : outcome.requests) {
    EXPECT_EQ(record.fate, Fate::kExecuted);
    sequences[record.arrival.sequence].push_back(&record);
  }
  std::vector<std::vector<std::pair<TimePoint, int>>> taken(scenario.instances);  // slots, as they come and go
  for (const auto& [id, requests] : sequences) {
    for (size_t i = 1; i < requests.size(); ++i) {
      EXPECT_GE(requests[i]->began, requests[i - 1]->ended) << "one of a sequence at a time, and in order";
      EXPECT_EQ(requests[i]->instance, requests[0]->instance) << "a sequence stays where it began";
    }
    taken[requests[0]->instance].push_back({requests.front()->began, 1});
    taken[requests[0]->instance].push_back({requests.back()->ended, -1});
  }
  for (auto& changes : taken) {
    std::sort(changes.begin(), changes.end());
    int now = 0;
    for (const auto& [at, change] : changes) EXPECT_LE(now += change, static_cast<int>(config.slots));
  }
  for (const auto& batch : BatchesOf(outcome)) EXPECT_LE(batch.size(), std::max(1, model.max_batch_size()));
}

TEST(SimulationTest, SequencesOfAllKindsAreExecutedInOrderWhereTheyBegan) {
  for (const unsigned seed : Seeds()) {
    const Scenario scenario = RandomSequenceScenario(seed, 300);
    SCOPED_TRACE(testing::Message() << "NESO_SEED=" << seed << ": " << scenario.instances << " x " << scenario.config);
    const Outcome outcome = Simulation(scenario).Run();
    ExpectEachEndsOnce(outcome, scenario.load.first.size());
    ExpectSequencesAreKept(scenario, outcome);
    if (HasFailure()) return;
  }
}

TEST(SimulationTest, TheSameScenarioGivesTheSameOutcome) {
  const auto ends = [] {
    std::vector<TimePoint> ended;
    const Scenario scenario = RandomQueueScenario(7, 1'000);
    for (const Record& record : Simulation(scenario).Run().requests) ended.push_back(record.ended);
    return ended;
  };
  EXPECT_EQ(ends(), ends());
}

// --- a latency target ------------------------------------------------------------------------------------------------

// Of the last third, when what there was to learn has been learned.
struct Settled {
  explicit Settled(const Outcome& outcome) {
    std::vector<Nanoseconds> latencies;
    const size_t first = outcome.requests.size() * 2 / 3;
    for (size_t i = first; i < outcome.requests.size(); ++i) latencies.push_back(outcome.requests[i].latency());
    std::sort(latencies.begin(), latencies.end());
    p50 = latencies[latencies.size() / 2];
    p99 = latencies[latencies.size() * 99 / 100];
    const std::chrono::duration<double> took = outcome.end - outcome.requests[first].arrival.at;
    per_s = static_cast<double>(latencies.size()) / took.count();
  }
  Nanoseconds p50, p99;
  double per_s;
};

Settled RunWithTarget(Nanoseconds target, std::function<Nanoseconds(uint32_t)> execution, Load load) {
  std::string config = "max_batch_size: 64 dynamic_batching { } ";
  if (target > Nanoseconds(0)) {
    config += R"(parameters { key: "LATENCY_TARGET_MICROSECONDS" value { string_value: ")" +
              std::to_string(target / microseconds(1)) + "\" } }";
  }
  const Scenario scenario{.config = config, .instances = 1, .execution = std::move(execution), .load = std::move(load)};
  const Outcome outcome = Simulation(scenario).Run();
  EXPECT_GT(outcome.batches, 0U);
  return Settled(outcome);
}

constexpr auto kMillisecond = std::chrono::milliseconds(1);

TEST(LatencyTargetTest, WaitingFillsBatchesWhereClientsComeBackTogether) {
  const auto execution = [](uint32_t rows) { return 5 * kMillisecond + rows * microseconds(20); };
  const auto load = [] { return ClosedLoad(48, 60'000, microseconds(500)); };
  const Settled plain = RunWithTarget({}, execution, load());
  const Settled tuned = RunWithTarget(20 * kMillisecond, execution, load());
  EXPECT_LE(tuned.p99, 20 * kMillisecond);
  EXPECT_GT(tuned.per_s, 1.3 * plain.per_s) << "one batch of 48 instead of 1 and 47 in turn";
}

TEST(LatencyTargetTest, BatchesShrinkWhereLargeOnesTakeTooLong) {
  // As where what a batch needs goes beyond a cache.
  const auto execution = [](uint32_t rows) {
    return 2 * kMillisecond + (rows > 16 ? (rows - 16) * kMillisecond : Nanoseconds(0));
  };
  const auto load = [] { return ClosedLoad(64, 100'000); };
  const Settled plain = RunWithTarget({}, execution, load());
  const Settled tuned = RunWithTarget(20 * kMillisecond, execution, load());
  EXPECT_GT(plain.p99, 20 * kMillisecond);
  EXPECT_LE(tuned.p99, 20 * kMillisecond);
  EXPECT_GT(tuned.per_s, 2 * plain.per_s);
}

TEST(LatencyTargetTest, NobodyWaitsWhereItBringsNothing) {
  const auto execution = [](uint32_t rows) { return kMillisecond + rows * microseconds(100); };
  const auto load = [] { return PoissonLoad(60'000, 300, 1); };
  const Settled plain = RunWithTarget({}, execution, load());
  const Settled tuned = RunWithTarget(50 * kMillisecond, execution, load());
  EXPECT_LT(tuned.p50, plain.p50 + 5 * kMillisecond) << "a trial is a sixteenth of the target, and seldom";
  EXPECT_LE(tuned.p99, 50 * kMillisecond);
}

TEST(LatencyTargetTest, TheTargetCostsNoThroughputUnderOverload) {
  const auto execution = [](uint32_t rows) { return kMillisecond + rows * microseconds(100); };
  const auto load = [] { return PoissonLoad(100'000, 15'000, 1); };  // 64 rows in 7.4 ms are 8,650 a second
  const Settled plain = RunWithTarget({}, execution, load());
  const Settled tuned = RunWithTarget(20 * kMillisecond, execution, load());
  EXPECT_GT(tuned.per_s, 0.95 * plain.per_s);
}

TEST(LatencyTargetTest, ATargetThatCannotBeKeptCostsNoThroughput) {
  // Two executions are longer than the target, however small their batches are.
  const auto execution = [](uint32_t rows) { return 5 * kMillisecond + rows * microseconds(20); };
  const auto load = [] { return ClosedLoad(100, 60'000, microseconds(500)); };
  const Settled plain = RunWithTarget({}, execution, load());
  const Settled tuned = RunWithTarget(10 * kMillisecond, execution, load());
  EXPECT_GT(tuned.per_s, 0.95 * plain.per_s);
}

TEST(LatencyTargetTest, TrialsDoNotMakeThe99thPercentileLate) {
  // At nine tenths of what full batches allow: a trial costs much.
  const auto execution = [](uint32_t rows) { return 5 * kMillisecond + rows * microseconds(20); };
  const Settled tuned = RunWithTarget(20 * kMillisecond, execution, PoissonLoad(60'000, 9'100, 1));
  EXPECT_LE(tuned.p99, 20 * kMillisecond);
}

// --- clients that share ----------------------------------------------------------------------------------------------

struct Share {
  size_t executed = 0, refused = 0;
  Nanoseconds longest{0};
};

// Client 1 sends nine tenths of twice of what can be executed, client 2 the rest.
std::map<uint64_t, Share> SharesOf(const std::string& parameters) {
  const Scenario scenario{
      .config = "max_batch_size: 4 dynamic_batching { default_queue_policy { max_queue_size: 200 } } " + parameters,
      .instances = 1,
      .execution = [](uint32_t) { return 4 * kMillisecond; },
      .load = PoissonLoad(40'000, 2'000, 1,
                          [count = 0](Arrival& arrival) mutable { arrival.client = ++count % 10 == 0 ? 2 : 1; })};
  std::map<uint64_t, Share> shares;
  for (const Record& record : Simulation(scenario).Run().requests) {
    Share& share = shares[record.arrival.client];
    if (record.fate == Fate::kRefused) ++share.refused;
    if (record.fate != Fate::kExecuted) continue;
    ++share.executed;
    share.longest = std::max(share.longest, record.latency());
  }
  return shares;
}

TEST(FairShareTest, WhoSendsLittleIsServedAsIfTheCrowdWereNotThere) {
  std::map<uint64_t, Share> plain = SharesOf("");
  EXPECT_GT(plain[2].refused, 1'000U) << "without, everybody is refused alike";
  std::map<uint64_t, Share> fair =
      SharesOf(R"(parameters { key: "FAIR_SHARE_PARAMETER" value { string_value: "client" } })");
  EXPECT_EQ(fair[2].refused, 0U);
  EXPECT_EQ(fair[2].executed, 4'000U);
  EXPECT_LT(fair[2].longest, 20 * kMillisecond);
  EXPECT_GT(plain[2].longest, 100 * kMillisecond);
  EXPECT_NEAR(static_cast<double>(fair[1].executed + fair[2].executed),
              static_cast<double>(plain[1].executed + plain[2].executed), 300)
      << "and nothing is lost by it";
}

TEST(SimulationTest, ALongLoadIsServed) {
  constexpr uint64_t kRequests = 200'000;
  const Scenario scenario{.config = "max_batch_size: 8 dynamic_batching { max_queue_delay_microseconds: 500 }",
                          .instances = 2,
                          .execution = [](uint32_t rows) { return microseconds(200 + 50 * rows); },
                          .load = PoissonLoad(kRequests, 20'000, 1)};
  const Outcome outcome = Simulation(scenario).Run();
  ExpectEachEndsOnce(outcome, kRequests);
  QueueProperties(scenario, outcome).ExpectAll();
}

}  // namespace
}  // namespace neso::simulator
