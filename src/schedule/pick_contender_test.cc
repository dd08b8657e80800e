#include "schedule/pick_contender.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace neso {
namespace {

using Needs = std::vector<ResourceNeed>;

TEST(PickContenderTest, Table) {
  struct Case {
    const char* what;
    std::vector<uint64_t> free;
    std::vector<std::pair<Needs, double>> line;  // needs, credit
    std::optional<size_t> picked;
  };
  const std::vector<Case> cases = {
      {"an empty line", {1}, {}, std::nullopt},
      {"first come, first served", {1}, {{{{0, 1}}, 0}, {{{0, 1}}, 0}}, 0},
      {"more credit goes first", {1}, {{{{0, 1}}, 0}, {{{0, 1}}, 1}}, 1},
      {"nothing is free", {0}, {{{{0, 1}}, 0}}, std::nullopt},
      {"the next one keeps what there is", {2}, {{{{0, 3}}, 0}, {{{0, 1}}, 0}}, std::nullopt},
      {"another resource is free", {2, 1}, {{{{0, 3}}, 0}, {{{1, 1}}, 0}}, 1},
      {"all of them have to be free", {1, 0}, {{{{0, 1}, {1, 1}}, 0}}, std::nullopt},
      {"who waits for one keeps the other", {1, 0}, {{{{0, 1}, {1, 1}}, 0}, {{{0, 1}}, 0}}, std::nullopt},
      {"what is left over is enough", {4, 0}, {{{{0, 3}, {1, 1}}, 0}, {{{0, 1}}, 0}}, 1},
      {"needing none of it", {0}, {{{{0, 0}}, 0}}, 0},
  };
  for (const Case& c : cases) {
    std::vector<uint64_t> free = c.free;
    free.resize(2);
    std::vector<Contender> contenders;
    for (const auto& [needs, credit] : c.line) contenders.push_back({.needs = needs, .credit = credit});
    std::vector<const Contender*> line;
    for (const Contender& contender : contenders) line.push_back(&contender);
    EXPECT_EQ(PickContender(line, free), c.picked) << c.what;
  }
}

TEST(PickContenderTest, WhoGoesFirstPaysThoseThatWantTheSame) {
  const Needs r{{0, 1}}, s{{1, 1}}, both{{0, 1}, {1, 2}};
  Contender a{.needs = r, .weight = 1}, b{.needs = both, .weight = 0.5}, c{.needs = s, .weight = 1};
  std::vector<Contender*> line{&a, &b, &c};
  PayOthers(line, 0);
  EXPECT_EQ(a.credit, -0.5);
  EXPECT_EQ(b.credit, 0.5);
  EXPECT_EQ(c.credit, 0);
}

// Rounds in which all that execute end, and ask again at once.
struct Arena {
  explicit Arena(std::vector<uint64_t> amounts) : total(std::move(amounts)) {}
  void Add(Needs needs, double priority) {
    all_needs.push_back(std::move(needs));
    contenders.push_back({.needs = {}, .weight = 1 / priority});
    counts.push_back(0);
    waited.push_back(0);
  }
  void Run(size_t rounds) {
    for (size_t i = 0; i < contenders.size(); ++i) contenders[i].needs = all_needs[i];
    std::vector<size_t> line(contenders.size());
    for (size_t i = 0; i < line.size(); ++i) line[i] = i;
    for (size_t round = 0; round < rounds; ++round) {
      std::vector<uint64_t> free = total;
      std::vector<size_t> executing;
      while (true) {
        std::vector<Contender*> seen;
        for (const size_t i : line) seen.push_back(&contenders[i]);
        const std::optional<size_t> picked = PickContender(seen, free);
        if (!picked) break;
        PayOthers(seen, *picked);
        const size_t i = line[*picked];
        for (const ResourceNeed& need : all_needs[i]) {
          ASSERT_LE(need.count, free[need.resource]) << "more in use than there is";
          free[need.resource] -= need.count;
        }
        line.erase(line.begin() + static_cast<ptrdiff_t>(*picked));
        executing.push_back(i);
      }
      ASSERT_FALSE(executing.empty());
      for (const size_t i : line) longest_wait = std::max(longest_wait, ++waited[i]);
      for (const size_t i : executing) {
        ++counts[i];
        waited[i] = 0;
        line.push_back(i);
      }
    }
  }
  std::vector<uint64_t> total;
  std::vector<Needs> all_needs;
  std::vector<Contender> contenders;
  std::vector<size_t> counts, waited;
  size_t longest_wait = 0;
};

TEST(PickContenderTest, PriorityTwoExecutesHalfAsOften) {
  Arena arena({1});
  for (const double priority : {1, 2, 4}) arena.Add({{0, 1}}, priority);
  arena.Run(7000);
  EXPECT_NEAR(static_cast<double>(arena.counts[0]), 4000, 2);
  EXPECT_NEAR(static_cast<double>(arena.counts[1]), 2000, 2);
  EXPECT_NEAR(static_cast<double>(arena.counts[2]), 1000, 2);
}

TEST(PickContenderTest, ALargeNeedIsNotStarvedBySmallOnes) {
  Arena arena({4});
  arena.Add({{0, 4}}, 1);
  for (int i = 0; i < 8; ++i) arena.Add({{0, 1}}, 1);
  arena.Run(1000);
  EXPECT_GE(arena.counts[0], 100U);
}

TEST(PickContenderTest, NobodyIsStarvedAndNothingIsOverdrawnWhateverTheConfiguration) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&random](size_t limit) { return random() % limit; };
    std::vector<uint64_t> total(1 + below(4));
    for (uint64_t& amount : total) amount = 1 + below(8);
    Arena arena(total);
    const size_t count = 1 + below(12);
    for (size_t i = 0; i < count; ++i) {
      std::map<size_t, uint64_t> needs;
      for (size_t n = 1 + below(total.size()); n > 0; --n) {
        const size_t resource = below(total.size());
        needs[resource] = 1 + below(total[resource]);
      }
      Needs list;
      for (const auto& [resource, amount] : needs) list.push_back({resource, amount});
      arena.Add(std::move(list), static_cast<double>(1 + below(5)));
    }
    arena.Run(2000);
    if (HasFatalFailure()) FAIL() << "seed " << seed;
    // Twelve contenders, the least of which has a fifth of the others' weight.
    EXPECT_LE(arena.longest_wait, 5 * count + count) << "seed " << seed;
  }
}

}  // namespace
}  // namespace neso
