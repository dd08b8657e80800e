#include "base/log_scope.h"

#include <gtest/gtest.h>

#include <thread>

namespace neso {
namespace {

TEST(LogScopeTest, NothingIsKnownOutsideOfScopes) {
  { const LogScope scope({.model = "m", .version = 1}); }
  EXPECT_EQ(LogScope::Current().model, "");
  EXPECT_EQ(LogScope::Current().version, -1);
}

TEST(LogScopeTest, AnInnerScopeAddsToTheOuterOne) {
  const LogScope outer({.model = "m", .version = 1});
  {
    const LogScope inner({.request_id = "r", .trace_id = "t"});
    EXPECT_EQ(LogScope::Current().model, "m");
    EXPECT_EQ(LogScope::Current().version, 1);
    EXPECT_EQ(LogScope::Current().request_id, "r");
    EXPECT_EQ(LogScope::Current().trace_id, "t");
  }
  EXPECT_EQ(LogScope::Current().request_id, "");
}

TEST(LogScopeTest, AnotherModelDoesNotGetTheOuterOnesVersion) {
  const LogScope outer({.model = "m", .version = 1});
  const LogScope inner({.model = "n"});
  EXPECT_EQ(LogScope::Current().model, "n");
  EXPECT_EQ(LogScope::Current().version, -1);
}

TEST(LogScopeTest, AnotherThreadKnowsNothing) {
  const LogScope scope({.model = "m"});
  std::thread([] { EXPECT_EQ(LogScope::Current().model, ""); }).join();
}

}  // namespace
}  // namespace neso
