#include "frontend/http/route.h"

#include <charconv>

namespace neso {
namespace {

// Takes "/<segment>" off the front of `path`; empty when there is none.
std::string_view TakeSegment(std::string_view& path) {
  if (path.empty() || path.front() != '/') return {};
  const size_t end = path.find('/', 1);
  const std::string_view segment = path.substr(1, end == std::string_view::npos ? end : end - 1);
  path.remove_prefix(1 + segment.size());
  return segment;
}

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Clients quote model names; a '%' that is no escape stays as it is.
std::string PercentDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0) {
      decoded.push_back(static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2])));
      i += 2;
    } else {
      decoded.push_back(text[i]);
    }
  }
  return decoded;
}

void SetModel(std::string_view segment, Route& route) {
  route.model = segment;
  if (segment.find('%') == std::string_view::npos) return;
  route.decoded = PercentDecode(segment);
  route.model = route.decoded;
}

Endpoint ModelEndpoint(std::string_view action) {
  if (action.empty()) return Endpoint::kModelMetadata;
  if (action == "/infer") return Endpoint::kInfer;
  if (action == "/ready") return Endpoint::kModelReady;
  if (action == "/config") return Endpoint::kModelConfig;
  if (action == "/stats") return Endpoint::kModelStatistics;
  return Endpoint::kNone;
}

// After "/v2/models".
void ParseModelRoute(std::string_view rest, Route& route) {
  if (rest == "/stats") {
    route.endpoint = Endpoint::kAllStatistics;
    return;
  }
  const std::string_view model = TakeSegment(rest);
  if (model.empty()) return;
  if (std::string_view after = rest; TakeSegment(after) == "versions") {
    route.version = TakeSegment(after);
    if (!IsDigits(route.version)) return;
    rest = after;
  }
  SetModel(model, route);
  route.endpoint = ModelEndpoint(rest);
}

// After "/v2/repository": [/R]/index, [/R]/models/M/load, [/R]/models/M/unload.
void ParseRepositoryRoute(std::string_view rest, Route& route) {
  std::string_view segment = TakeSegment(rest);
  if (!rest.empty() && segment != "models") {
    route.repository_named = true;
    segment = TakeSegment(rest);
  }
  if (segment == "index" && rest.empty()) {
    route.endpoint = Endpoint::kRepositoryIndex;
    return;
  }
  if (segment != "models") return;
  const std::string_view model = TakeSegment(rest);
  if (model.empty()) return;
  SetModel(model, route);
  if (rest == "/load") route.endpoint = Endpoint::kRepositoryLoad;
  if (rest == "/unload") route.endpoint = Endpoint::kRepositoryUnload;
}

}  // namespace

void ParseRoute(std::string_view path, Route& route) {
  if (TakeSegment(path) != "v2") return;
  if (path.empty()) {
    route.endpoint = Endpoint::kServerMetadata;
    return;
  }
  const std::string_view area = TakeSegment(path);
  if (area == "models") return ParseModelRoute(path, route);
  if (area == "repository") return ParseRepositoryRoute(path, route);
  if (area != "health") return;
  if (path == "/live") route.endpoint = Endpoint::kLive;
  if (path == "/ready") route.endpoint = Endpoint::kReady;
}

std::string_view MethodOf(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::kInfer:
    case Endpoint::kRepositoryIndex:
    case Endpoint::kRepositoryLoad:
    case Endpoint::kRepositoryUnload: return "POST";
    default: return "GET";
  }
}

Expected<int64_t> ParseVersion(std::string_view version) {
  if (version.empty()) return int64_t{-1};
  int64_t number = 0;
  const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), number);
  if (error != std::errc{}) {
    return InvalidArg(
        "failed to get model version from specified version string '{}' (details: stol), version should be an integral "
        "value > 0",
        version);
  }
  return number;
}

}  // namespace neso
