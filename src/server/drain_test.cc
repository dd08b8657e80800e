#include "server/drain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http_server.h"

namespace neso {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Loses one connection each time it is asked.
class FakeServer final : public net::HttpServer {
 public:
  FakeServer(size_t connections, bool stuck) : connections_(connections), stuck_(stuck) {}
  uint16_t port() const override { return 0; }
  void BeginDrain() override {}
  size_t ConnectionCount() const override { return stuck_ || connections_ == 0 ? connections_ : connections_--; }

 private:
  mutable size_t connections_;
  const bool stuck_;
};

TimePoint In(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

TEST(DrainTest, EndsWithTheLastConnectionAndSaysNothing) {
  FakeServer server(3, false);
  ::testing::internal::CaptureStdout();
  WaitForConnections(server, "HTTP", In(std::chrono::hours(1)));
  EXPECT_EQ(server.ConnectionCount(), 0U);
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), IsEmpty());
}

TEST(DrainTest, GivesUpAtTheDeadlineAndTellsWhatItWaitedFor) {
  FakeServer server(2, true);
  ::testing::internal::CaptureStdout();
  WaitForConnections(server, "HTTP", In(std::chrono::milliseconds(150)));
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), HasSubstr("\"Timeout 1: Found 2 HTTP service connections\""));
}

TEST(DrainTest, WithoutTimeItDoesNotWait) {
  FakeServer server(2, true);
  WaitForConnections(server, "HTTP", In(std::chrono::milliseconds(0)));
}

}  // namespace
}  // namespace neso
