#include "frontend/access/access_key.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

using std::chrono::milliseconds;

TEST(AccessKeyTest, PatternsMatchWholeNames) {
  const struct {
    const char* pattern;
    const char* text;
    bool matches;
  } cases[] = {
      {"*", "", true},         {"*", "m", true},         {"", "", true},       {"", "m", false},
      {"m", "m", true},        {"m", "mm", false},       {"m*", "m", true},    {"m*", "mm", true},
      {"m*", "xm", false},     {"*m", "xm", true},       {"*m", "mx", false},  {"a*b*c", "aXbYc", true},
      {"a*b*c", "acb", false}, {"a?c", "abc", true},     {"a?c", "ac", false}, {"?*", "", false},
      {"?*", "x", true},       {"**", "anything", true}, {"*ab", "aab", true}, {"*a*b", "ba", false},
      {"a.c", "abc", false},   {"[a]", "a", false},      {"M", "m", false},
  };
  for (const auto& [pattern, text, matches] : cases) {
    EXPECT_EQ(MatchesPattern(pattern, text), matches) << pattern << " and " << text;
  }
}

TEST(AccessKeyTest, LongPatternsOfStarsEnd) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  EXPECT_FALSE(MatchesPattern(pattern + "b", std::string(10'000, 'a')));
}

TEST(AccessKeyTest, DeniedModelsWin) {
  AccessKey key;
  key.models = {"digits*", "faces"};
  key.denied_models = {"*-internal"};
  EXPECT_TRUE(key.Sees("digits"));
  EXPECT_TRUE(key.Sees("digits-v2"));
  EXPECT_TRUE(key.Sees("faces"));
  EXPECT_FALSE(key.Sees("faces2"));
  EXPECT_FALSE(key.Sees("digits-internal"));
  EXPECT_FALSE(key.Sees("digits::a-internal"));
  key.denied_models = {"faces"};
  EXPECT_FALSE(key.Sees("digits::faces"));
  EXPECT_TRUE(key.Sees("digits::digits"));
  EXPECT_FALSE(key.SeesAll());
  EXPECT_TRUE(AccessKey().SeesAll());
}

TEST(AccessKeyTest, TokensTellTheirIdsAndNothingElseDoes) {
  EXPECT_EQ(IdOfToken("neso_abc_secret"), "abc");
  EXPECT_EQ(IdOfToken("neso_abc_"), "abc");
  for (const char* none : {"", "neso", "neso_", "neso_abc", "xneso_abc_s", "Neso_abc_s"})
    EXPECT_EQ(IdOfToken(none), "") << none;
}

TEST(AccessKeyTest, NewTokensDiffer) {
  const NewToken one = MakeToken(), other = MakeToken();
  EXPECT_NE(one.token, other.token);
  EXPECT_NE(one.id, other.id);
  EXPECT_EQ(IdOfToken(one.token), one.id);
  EXPECT_TRUE(IsSameDigest(Sha256(one.token), one.digest));
  EXPECT_EQ(one.token.size(), 55u);
}

TEST(AccessUseTest, GivesABurstAndThenTheRate) {
  AccessKey key;
  key.requests_per_second = 10;
  key.burst = 3;
  AccessUse use;
  ManualClock clock;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(use.TakeTurn(key, clock.Now()).count(), 0) << i;
  EXPECT_EQ(use.TakeTurn(key, clock.Now()), milliseconds(100));
  clock.Advance(milliseconds(99));
  EXPECT_EQ(use.TakeTurn(key, clock.Now()), milliseconds(1));
  clock.Advance(milliseconds(1));
  EXPECT_EQ(use.TakeTurn(key, clock.Now()).count(), 0);
  EXPECT_GT(use.TakeTurn(key, clock.Now()).count(), 0);
  clock.Advance(std::chrono::seconds(60));  // a burst is all that is saved up
  for (int i = 0; i < 3; ++i) EXPECT_EQ(use.TakeTurn(key, clock.Now()).count(), 0) << i;
  EXPECT_GT(use.TakeTurn(key, clock.Now()).count(), 0);
}

TEST(AccessUseTest, ARateBelowOneLetsOneThrough) {
  AccessKey key;
  key.requests_per_second = 0.5;
  AccessUse use;
  ManualClock clock;
  EXPECT_EQ(use.TakeTurn(key, clock.Now()).count(), 0);
  EXPECT_EQ(use.TakeTurn(key, clock.Now()), std::chrono::seconds(2));
}

TEST(AccessUseTest, TheLargestBurstOfTheSlowestRateHasATime) {
  AccessKey key;
  key.requests_per_second = 1.0 / (365 * 24 * 3600);
  key.burst = UINT32_MAX;
  AccessUse use;
  ManualClock clock;
  EXPECT_EQ(use.TakeTurn(key, clock.Now()).count(), 0);
  EXPECT_EQ(use.TakeTurn(key, clock.Now()).count(), 0);
}

TEST(AccessUseTest, HasAsManyPlacesAsItIsTold) {
  AccessUse use;
  EXPECT_TRUE(use.places().TryTake(2));
  EXPECT_TRUE(use.places().TryTake(2));
  EXPECT_FALSE(use.places().TryTake(2));
  use.places().Leave();
  EXPECT_TRUE(use.places().TryTake(2));
}

}  // namespace
}  // namespace neso
