// Asking for what proves an identity: short requests to services that give out tokens and keys.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"
#include "object_store/http_client.h"

namespace neso::object_store {

using WallTime = std::chrono::system_clock::time_point;

// An access token (OAuth 2.0).
struct BearerToken {
  std::string text;  // empty: anonymous
  WallTime expires = WallTime::max();
};
// Whether it is time for another: five minutes before the end, as the services ask for.
bool ExpiresSoon(WallTime expires);

// Sends it up to three times. `what` names it in errors: "a token for the service account a@b". Errors: kUnavailable
// and kInternal with the service's answer, kCancelled when the server ends.
Expected<HttpResponse> AskForToken(HttpClient& client, const HttpRequest& request, const std::string& what);
// An answer of {"access_token": ..., "expires_in": ...} or "expires_on".
Expected<BearerToken> ParseBearerToken(std::string_view json);

// "2026-11-27T03:00:00Z"; empty if it is none.
std::optional<WallTime> ParseUtc(const std::string& text);

// A form's body: "a=1&b=2".
std::string EncodeForm(const HttpQuery& fields);

}  // namespace neso::object_store
