#include "server/hardening.h"

#include <string>

#include "server/option_limits.h"

namespace neso {
namespace {

// Names of --http-limit and --grpc-limit. A client on a bad line still sends and reads a kilobyte a second.
constexpr const char* kLimits[] = {
    "connections=10000",      "head-timeout-ms=10000", "progress-timeout-ms=30000",
    "idle-timeout-ms=600000", "bytes-per-second=1024", "unfinished-bytes=268435456",
};
constexpr size_t kMaxRequests = 10'000;

Status SetLimits(const std::set<std::string>& given, Status (*set)(net::ServiceLimits&, const std::string&),
                 net::ServiceLimits& limits) {
  for (const std::string limit : kLimits) {
    if (!given.contains(limit.substr(0, limit.find('=')))) RETURN_IF_ERROR(set(limits, limit));
  }
  return {};
}

}  // namespace

Status Harden(ParseState& state) {
  Options& options = state.options;
  if (!options.access.hardened) return {};
  const auto is_open = [&options](const char* option) { return !options.given.contains(option); };
  if (is_open("local-apis")) options.access.local_apis = kManagementRights;
  if (is_open("allowed-hosts")) options.access.allowed_hosts.emplace();
  if (is_open("check-origin")) options.access.check_origin = true;
  if (is_open("refuse-early")) options.access.refuse_early = true;
  if (is_open("allow-load-files")) options.access.allow_load_files = false;
  if (is_open("max-requests")) options.access.max_requests = kMaxRequests;
  RETURN_IF_ERROR(SetLimits(state.http_limits_given, SetHttpLimit, options.http.limits));
  return SetLimits(state.grpc_limits_given, SetGrpcLimit, options.grpc.limits);
}

}  // namespace neso
