#include "object_store/token_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso::object_store {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Answers with one status after the other; the last one stays.
class ScriptedClient final : public HttpClient {
 public:
  explicit ScriptedClient(std::vector<long> statuses) : statuses_(std::move(statuses)) {}

  Expected<HttpResponse> Send(const HttpRequest&, const Sink&) override {
    const long status = statuses_[std::min(sent++, statuses_.size() - 1)];
    if (status == 0) return Unavailable("refused");
    return HttpResponse{.status = status, .headers = {}, .body = "what it says"};
  }
  bool Pause(milliseconds time) override {
    pauses.push_back(time);
    return !ends;
  }

  size_t sent = 0;
  std::vector<milliseconds> pauses;
  bool ends = false;

 private:
  const std::vector<long> statuses_;
};

TEST(AskForTokenTest, FaultsThatMayPassAreTriedAgainAfterGrowingPauses) {
  ScriptedClient client({503, 0, 200});
  EXPECT_TRUE(AskForToken(client, {.url = "http://there"}, "a token").ok());
  EXPECT_THAT(client.pauses, ElementsAre(milliseconds(200), milliseconds(400)));
}

TEST(AskForTokenTest, GivesUpWithTheLastAnswer) {
  ScriptedClient client({503});
  const auto answer = AskForToken(client, {.url = "http://there"}, "a token");
  EXPECT_EQ(answer.status().message(), "failed to get a token: http://there answered 503: what it says");
  EXPECT_EQ(client.sent, 3U);
}

TEST(AskForTokenTest, ARefusalIsNotTriedAgain) {
  ScriptedClient client({403});
  EXPECT_THAT(AskForToken(client, {.url = "http://there"}, "a token").status().message(), HasSubstr("answered 403"));
  EXPECT_EQ(client.sent, 1U);
}

TEST(AskForTokenTest, EndsWithTheServer) {
  ScriptedClient client({503});
  client.ends = true;
  EXPECT_EQ(AskForToken(client, {.url = "http://there"}, "a token").status().code(), StatusCode::kCancelled);
  EXPECT_EQ(client.sent, 1U);
}

TEST(BearerTokenTest, SaysHowLongItLasts) {
  EXPECT_TRUE(ExpiresSoon(ParseBearerToken(R"({"access_token": "t", "expires_in": 60})")->expires));
  EXPECT_FALSE(ExpiresSoon(ParseBearerToken(R"({"access_token": "t", "expires_in": "3600"})")->expires));
  EXPECT_TRUE(ExpiresSoon(ParseBearerToken(R"({"access_token": "t", "expires_on": "1000"})")->expires));
  EXPECT_FALSE(ExpiresSoon(ParseBearerToken(R"({"access_token": "t"})")->expires));
  for (const char* end : {"expires_in", "expires_on"}) {
    const std::string answer = fmt::format(R"({{"access_token": "t", "{}": 9223372036854775807}})", end);
    EXPECT_FALSE(ExpiresSoon(ParseBearerToken(answer)->expires)) << end;
  }
  EXPECT_THAT(ParseBearerToken(R"({"token": "t"})").status().message(), HasSubstr("access_token"));
}

TEST(UtcTest, ReadsWhatTheClockCanHold) {
  EXPECT_EQ(*ParseUtc("1970-01-02T00:00:00Z"), WallTime(std::chrono::hours(24)));
  EXPECT_EQ(*ParseUtc("9999-01-01T00:00:00Z"), WallTime::max());
  EXPECT_FALSE(ParseUtc("tomorrow"));
}

}  // namespace
}  // namespace neso::object_store
