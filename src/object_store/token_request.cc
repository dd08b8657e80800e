#include "object_store/token_request.h"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "object_store/settings.h"

namespace neso::object_store {

bool ExpiresSoon(WallTime expires) {
  return expires != WallTime::max() && std::chrono::system_clock::now() + std::chrono::minutes(5) >= expires;
}

Expected<HttpResponse> AskForToken(HttpClient& client, const HttpRequest& request, const std::string& what) {
  constexpr int kAttempts = 3;
  Status failure;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (attempt > 0 && !client.Pause(std::chrono::milliseconds(200) * attempt)) return Cancelled("the server ends");
    Expected<HttpResponse> response = client.Send(request);
    if (!response) {
      failure = response.error().WithContext("failed to get {} from {}", what, request.url);
      if (failure.code() != StatusCode::kUnavailable) return failure;
      continue;
    }
    if (response->IsSuccess()) return response;
    failure = Internal("failed to get {}: {} answered {}: {}", what, request.url, response->status,
                       response->body.substr(0, 300));
    if (response->status < 500 && response->status != 429) return failure;
  }
  return failure;
}

Expected<BearerToken> ParseBearerToken(std::string_view json) {
  JsonDocument document;
  const Status parsed = document.Parse(json);
  BearerToken token;
  if (parsed.ok()) token.text = TextMember(document.root(), "access_token");
  if (token.text.empty()) return Internal("expected an object with \"access_token\", got something else");
  // What lies beyond the clock's own end is as good as that.
  constexpr std::chrono::seconds kLongest = std::chrono::hours(24 * 365 * 100);
  const auto seconds_of = [&](const char* name) {
    const std::string text = TextMember(document.root(), name);
    int64_t seconds = 0;
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    return std::clamp(std::chrono::seconds(seconds), std::chrono::seconds::zero(), kLongest);
  };
  if (const auto left = seconds_of("expires_in"); left.count() > 0) {
    token.expires = std::chrono::system_clock::now() + left;
  } else if (const auto end = seconds_of("expires_on"); end.count() > 0) {
    token.expires = WallTime(end);
  }
  return token;
}

std::optional<WallTime> ParseUtc(const std::string& text) {
  std::tm parts{};
  if (strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return std::nullopt;
  const std::time_t seconds = timegm(&parts);
  // The clock counts nanoseconds, and ends in 2262.
  constexpr std::time_t kEnd = std::chrono::floor<std::chrono::seconds>(WallTime::max()).time_since_epoch().count();
  return seconds >= kEnd ? WallTime::max() : std::chrono::system_clock::from_time_t(std::max<std::time_t>(seconds, 0));
}

std::string EncodeForm(const HttpQuery& fields) { return EncodeQuery(fields); }

}  // namespace neso::object_store
