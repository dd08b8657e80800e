// The pages that browsers get: what is served, and the API to try. Each is one document that needs nothing else: its
// sources (pages/*.html, pages/style.css) are embedded by the build, and its script asks the same endpoints that
// everybody asks, so restricted APIs hold for it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frontend/http/route.h"
#include "net/http_exchange.h"

namespace neso {

inline constexpr const char* kHtmlType = "text/html; charset=utf-8";

bool IsPage(Endpoint endpoint);
// Whether the client is a browser that shows what it gets: it names text/html. Others get the protocol's 404.
bool WantsHtml(const net::HttpHead& head);

// The models and their states. `metrics_port`: where metrics are, 0 for nowhere.
std::string IndexPage(int metrics_port);
// The endpoints of openapi.json.
std::string ApiPage();

// What a page may do: run its own script and ask this server, nothing else.
std::vector<std::pair<std::string, std::string>> PageHeaders();

}  // namespace neso
