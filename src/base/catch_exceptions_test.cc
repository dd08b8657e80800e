#include "base/catch_exceptions.h"

#include <gtest/gtest.h>

#include <limits>
#include <new>
#include <stdexcept>
#include <string>

namespace neso {
namespace {

TEST(CatchExceptionsTest, HandsResultsOn) {
  EXPECT_TRUE(CatchExceptions([] { return Status(); }).ok());
  EXPECT_EQ(*CatchExceptions([] { return Expected<int>(3); }), 3);
  EXPECT_EQ(CatchExceptions([] { return NotFound("x"); }).ToString(), "Not found: x");
}

TEST(CatchExceptionsTest, TurnsExceptionsIntoErrors) {
  const auto code = [](auto work) { return CatchExceptions(work).code(); };
  EXPECT_EQ(code([]() -> Status { throw std::runtime_error("no luck"); }), StatusCode::kInternal);
  EXPECT_EQ(code([]() -> Status { throw 3; }), StatusCode::kInternal);
  EXPECT_EQ(code([]() -> Status { throw std::bad_alloc(); }), StatusCode::kUnavailable);
  EXPECT_EQ(code([]() -> Status {
              std::string().resize(std::numeric_limits<size_t>::max());
              return {};
            }),
            StatusCode::kUnavailable);
}

}  // namespace
}  // namespace neso
