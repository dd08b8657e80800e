// "--http-restricted-api inference,health:admin-key=secret": API categories that only requests with a header may use.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "frontend/restricted_apis.h"

namespace neso {

// Adds what `argument` ("api1,api2:key=value") says to `apis`, with `header_prefix` before the key. `kind` is "api" or
// "protocol", for the messages. Errors: kInvalidArg for a malformed argument, an unknown category, one given twice.
Status AddRestrictedApis(RestrictedApis& apis, std::string_view kind, std::string_view header_prefix,
                         const std::string& argument);

}  // namespace neso
