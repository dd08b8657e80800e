// The access key that a server may want of each request.
//
//   RETURN_IF_ERROR(AddAccessKey("@operator.key", headers));
#pragma once

#include <string>

#include "base/status.h"
#include "client/http_client.h"

namespace neso::client {

// What to do about a server that wants one.
inline constexpr std::string_view kAccessKeyHint =
    "\n--api-key KEY, --api-key @FILE or the variable NESO_API_KEY sends an access key";

// "authorization: Bearer KEY", unless there is such a header already. `given`: the key, or "@FILE" that has it in its
// one line; empty: none. Error: kInvalidArg for a file that is none such.
Status AddAccessKey(const std::string& given, HttpHeaders& headers);

}  // namespace neso::client
