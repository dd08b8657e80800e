#include "frontend/access/request_guard.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

std::string Check(const RequestGuard& guard, std::string_view host, std::string_view origin = {}) {
  net::HttpHead head;
  if (host.data() != nullptr) head.headers.emplace_back("Host", host);
  if (origin.data() != nullptr) head.headers.emplace_back("Origin", origin);
  return guard.Check(head);
}

TEST(RequestGuardTest, LetsAllThroughUnlessToldOtherwise) {
  const RequestGuard guard;
  EXPECT_FALSE(guard.is_on());
  EXPECT_EQ(Check(guard, "evil.example", "https://evil.example"), "");
}

TEST(RequestGuardTest, NamesMustBeOursAndAddressesAreFine) {
  const RequestGuard guard(
      {.hosts = std::vector<std::string>{"Neso.example", "*.internal"}, .checks_origin = false, .pages = {}});
  for (const char* fine : {"neso.example", "NESO.example:8000", "a.b.internal", "localhost", "localhost:80",
                           "127.0.0.1", "10.1.2.3:8000", "[::1]:8000", "[fe80::1]", ""}) {
    EXPECT_EQ(Check(guard, fine), "") << fine;
  }
  EXPECT_EQ(Check(guard, {}), "");
  EXPECT_EQ(Check(guard, "evil.example:8000"), "the host 'evil.example:8000' is not among those of --allowed-hosts");
  for (const char* wrong :
       {"neso.example.evil", "xneso.example", "internal", "localhost.evil", "1.2.3", "[", ":80", "[]"}) {
    EXPECT_NE(Check(guard, wrong), "") << wrong;
  }
}

TEST(RequestGuardTest, OnlyOwnAndAllowedPagesMayUseIt) {
  RequestGuardSettings settings;
  settings.checks_origin = true;
  ASSERT_TRUE(settings.pages.Allow("https://app.example").ok());
  const RequestGuard guard(std::move(settings));
  EXPECT_EQ(Check(guard, "neso:8000"), "");
  EXPECT_EQ(Check(guard, "neso:8000", "http://neso:8000"), "");
  EXPECT_EQ(Check(guard, "neso:8000", "https://app.example"), "");
  for (const char* wrong : {"http://neso", "http://neso:8001", "https://evil.example", "null", "neso:8000"}) {
    EXPECT_EQ(Check(guard, "neso:8000", wrong),
              fmt::format("pages of '{}' may not use this server (--check-origin, --http-cors-allow-origin)", wrong));
  }
}

}  // namespace
}  // namespace neso
