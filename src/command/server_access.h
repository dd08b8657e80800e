// How a command reaches its server: where it is, whom TLS trusts, and what each request brings along.
//
//   ASSIGN_OR_RETURN(ServerAccess access, AccessOf(asking));
//   client::HttpClient client(access.endpoint);
//   if (!answer) return access.Explain(answer.error());
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/status.h"
#include "client/endpoint.h"
#include "client/http_client.h"
#include "command/asking.h"

namespace neso::command {

// What to do about a server that wants an access key.
inline constexpr std::string_view kKeyHint =
    "\n--api-key KEY, --api-key @FILE or the variable NESO_API_KEY sends an access key";

struct ServerAccess {
  client::Endpoint endpoint;
  client::HttpHeaders headers;  // of each request; names in lower case
  std::chrono::milliseconds timeout;

  // `error` of a call, and what to type instead, where that is known.
  Status Explain(const Status& error) const;
};

// grpc://... and grpcs://...
bool NamesGrpc(std::string_view url);
// https://... and grpcs://...
bool NamesTls(std::string_view url);

// Where a server is that is asked over HTTP, or gRPC if NamesGrpc. Error: kInvalidArg with what was expected.
Expected<client::Endpoint> EndpointOf(const std::string& url);

// What can be said of it without a look at any file. Errors: kInvalidArg for an address or a header that is none, for half
// of a certificate's options, and for options of TLS that were typed for an address without.
Status CheckAsking(const Asking& asking);

// Precondition: CheckAsking. Errors: kInvalidArg for files of TLS or of the key that cannot be used.
Expected<ServerAccess> AccessOf(const Asking& asking);

}  // namespace neso::command
