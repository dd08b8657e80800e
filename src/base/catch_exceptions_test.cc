#include "base/catch_exceptions.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace neso {
namespace {

TEST(CatchExceptionsTest, HandsResultsOn) {
  EXPECT_TRUE(CatchExceptions("loading", [] { return Status(); }).ok());
  EXPECT_EQ(*CatchExceptions("loading", [] { return Expected<int>(3); }), 3);
  EXPECT_EQ(CatchExceptions("loading", [] { return NotFound("x"); }).ToString(), "Not found: x");
}

TEST(CatchExceptionsTest, TurnsExceptionsIntoErrors) {
  const auto message = [](auto work) { return CatchExceptions("loading", work).ToString(); };
  EXPECT_EQ(message([]() -> Status { throw std::runtime_error("no luck"); }), "Internal: loading failed: no luck");
  EXPECT_EQ(message([]() -> Status { throw 3; }), "Internal: loading failed with an unknown exception");
  EXPECT_EQ(message([]() -> Status { throw std::bad_alloc(); }), "Unavailable: loading failed: not enough memory");
  EXPECT_EQ(message([]() -> Status {
              std::string().resize(std::numeric_limits<size_t>::max());
              return {};
            }),
            "Unavailable: loading failed: not enough memory");
  const std::system_error no_thread(EAGAIN, std::generic_category());
  EXPECT_EQ(message([&]() -> Status { throw no_thread; }),
            "Unavailable: loading failed: Resource temporarily unavailable");
}

}  // namespace
}  // namespace neso
