// How a command reaches its server: where it is, whom TLS trusts, and what each request brings along.
//
//   ASSIGN_OR_RETURN(ServerAccess access, AccessOf(asking));
//   client::HttpClient client(access.endpoint);
//   if (!answer) return access.Explain(answer.error());
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "base/status.h"
#include "client/http_client.h"
#include "client/server_address.h"
#include "command/asking.h"

namespace neso::command {

struct ServerAccess {
  client::Endpoint endpoint;
  client::Protocol protocol;
  client::HttpHeaders headers;  // of each request; names in lower case
  std::chrono::milliseconds timeout;
  size_t max_answer_bytes;

  // `error` of a call, and what to type instead, where that is known.
  Status Explain(const Status& error) const;
};

// What can be said of it without a look at any file. Errors: kInvalidArg for an address or a header that is none, for half
// of a certificate's options, and for options of TLS that were typed for an address without.
Status CheckAsking(const Asking& asking);

// Precondition: CheckAsking. Errors: kInvalidArg for files of TLS or of the key that cannot be used.
Expected<ServerAccess> AccessOf(const Asking& asking);

}  // namespace neso::command
