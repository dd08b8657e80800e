#include "server/option_limits.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>

#include "base/text.h"
#include "server/option_values.h"

namespace neso {
namespace {

using net::ServiceLimits;

// A number of things, or a time.
struct LimitSpec {
  std::string_view name;
  uint64_t least;
  uint64_t most;
  void (*set)(ServiceLimits& limits, uint64_t value);
};

template <auto kField>
void Set(ServiceLimits& limits, uint64_t value) {
  limits.*kField = std::remove_reference_t<decltype(limits.*kField)>(value);
}

constexpr uint64_t kMostBytes = uint64_t{1} << 60;
constexpr uint64_t kYearMs = uint64_t{365} * 24 * 3600 * 1000;
constexpr size_t kOfGrpcOnly = 1;

constexpr LimitSpec kLimits[] = {
    {"connections", 1, INT32_MAX, Set<&ServiceLimits::max_connections>},
    {"streams", 1, INT32_MAX, Set<&ServiceLimits::max_streams>},
    {"head-bytes", 1024, INT32_MAX, Set<&ServiceLimits::max_head_bytes>},
    {"open-head-bytes", 1024, kMostBytes, Set<&ServiceLimits::max_open_head_bytes>},
    {"unfinished-bytes", 0, kMostBytes, Set<&ServiceLimits::max_unfinished_bytes>},
    {"unread-bytes", 0, kMostBytes, Set<&ServiceLimits::max_unread_bytes>},
    {"bytes-per-second", 0, kMostBytes, Set<&ServiceLimits::min_bytes_per_second>},
    {"head-timeout-ms", 1, kYearMs, Set<&ServiceLimits::head_timeout>},
    {"progress-timeout-ms", 1, kYearMs, Set<&ServiceLimits::progress_timeout>},
    {"idle-timeout-ms", 0, kYearMs, Set<&ServiceLimits::idle_timeout>},
    {"message-bytes", 1, INT32_MAX, Set<&ServiceLimits::max_message_bytes>},
};

std::string Names(std::span<const LimitSpec> specs) {
  std::string names;
  for (const LimitSpec& spec : specs) {
    if (!names.empty()) names += ", ";
    names += spec.name;
  }
  return names;
}

Status SetLimit(std::span<const LimitSpec> specs, ServiceLimits& limits, const std::string& argument) {
  const size_t equals = argument.find('=');
  if (equals == std::string::npos) return InvalidArg("expected the format <limit>=<number>. Got {}", argument);
  const std::string name = argument.substr(0, equals);
  const auto spec = std::find_if(specs.begin(), specs.end(), [&](const LimitSpec& each) { return each.name == name; });
  if (spec == specs.end()) return InvalidArg("there is no limit '{}'. The limits are {}", name, Names(specs));
  ASSIGN_OR_RETURN(const uint64_t value, ParseValue<uint64_t>(argument.substr(equals + 1), argument));
  if (value < spec->least || value > spec->most) {
    return InvalidArg("expected a number from {} to {} for '{}'. Got {}", spec->least, spec->most, name, argument);
  }
  spec->set(limits, value);
  return {};
}

}  // namespace

Status SetHttpLimit(ServiceLimits& limits, const std::string& argument) {
  return SetLimit(std::span(kLimits).first(std::size(kLimits) - kOfGrpcOnly), limits, argument);
}

Status SetGrpcLimit(ServiceLimits& limits, const std::string& argument) { return SetLimit(kLimits, limits, argument); }

}  // namespace neso
