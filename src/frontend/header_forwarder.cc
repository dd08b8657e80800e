#include "frontend/header_forwarder.h"

#include <algorithm>
#include <array>

#include "base/base64.h"
#include "base/text.h"

namespace neso {
namespace {

constexpr std::array<std::string_view, 7> kReserved = {"sequence_id", "sequence_start", "sequence_end",      "priority",
                                                       "timeout",     "headers",        "binary_data_output"};

bool IsReserved(std::string_view name) {
  return name.starts_with("triton_") || std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

// What the protocol itself needs, which a server's handlers do not see elsewhere either.
bool IsProtocolHeader(std::string_view name) {
  constexpr std::array<std::string_view, 4> kNames = {"te", "content-type", "content-length", "host"};
  return name.starts_with("grpc-") || std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

}  // namespace

HeaderForwarder::HeaderForwarder(const std::string& pattern)
    : pattern_(pattern), expression_("(?i)" + pattern, RE2::Quiet) {}

Expected<std::shared_ptr<const HeaderForwarder>> HeaderForwarder::Create(const std::string& pattern) {
  std::shared_ptr<const HeaderForwarder> forwarder(new HeaderForwarder(pattern));
  const RE2& expression = forwarder->expression_;
  if (!expression.ok()) return InvalidArg("invalid regular expression '{}': {}", pattern, expression.error());
  return forwarder;
}

Expected<bool> HeaderForwarder::Takes(std::string_view name) const {
  if (!RE2::PartialMatch(name, expression_)) return false;
  if (IsReserved(name)) return InvalidArg("Header '{}' is reserved for Triton usage and cannot be forwarded.", name);
  return true;
}

Expected<std::vector<NamedParameter>> HeaderForwarder::FromHeaders(const net::HttpHead& head) const {
  std::vector<NamedParameter> parameters;
  for (const auto& [name, value] : head.headers) {
    ASSIGN_OR_RETURN(const bool taken, Takes(name));
    if (taken) parameters.push_back({.name = std::string(name), .value = std::string(value)});
  }
  return parameters;
}

Expected<std::vector<NamedParameter>> HeaderForwarder::FromMetadata(const net::HttpHead& head) const {
  std::vector<NamedParameter> parameters;
  for (const auto& [name, value] : head.headers) {
    if (IsProtocolHeader(name)) continue;
    ASSIGN_OR_RETURN(const bool taken, Takes(name));
    if (!taken) continue;
    if (!name.ends_with("-bin")) {
      parameters.push_back({.name = std::string(name), .value = std::string(value)});
      continue;
    }
    // A proxy may have joined several into one, with commas.
    for (const std::string_view piece : Split(value, ',')) {
      Expected<std::string> bytes = DecodeBase64(piece);
      if (!bytes) return bytes.error().WithContext("metadata '{}'", name);
      parameters.push_back({.name = std::string(name), .value = *std::move(bytes)});
    }
  }
  return parameters;
}

}  // namespace neso
