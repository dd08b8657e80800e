#include "server/restricted_apis.h"

#include "base/text.h"

namespace neso {

Status AddRestrictedApis(RestrictedApis& apis, std::string_view kind, std::string_view header_prefix,
                         const std::string& argument) {
  const size_t colon = argument.find(':');
  const size_t equals = colon == std::string::npos ? std::string::npos : argument.find('=', colon + 1);
  if (equals == std::string::npos || colon == 0 || equals == colon + 1 || equals + 1 == argument.size()) {
    return InvalidArg("expected the format <{0}>[,<{0}>...]:<key>=<value>. Got {1}", kind, argument);
  }
  const RestrictedApi rule{.header = std::string(header_prefix) + argument.substr(colon + 1, equals - colon - 1),
                           .value = argument.substr(equals + 1)};
  for (std::string_view name : Split(std::string_view(argument).substr(0, colon), ',')) {
    const std::optional<ApiCategory> category = ApiCategoryFromName(name);
    if (!category) return InvalidArg("unknown restricted {} '{}'", kind, name);
    if (!apis.Add(*category, rule)) {
      return InvalidArg("restricted {} '{}' can not be specified in multiple config groups", kind, name);
    }
  }
  return {};
}

}  // namespace neso
