// Which server is measured, and how it is reached: what the command line says of it, and then the environment
// (NESO_URL, NESO_API_KEY, NESO_CACERT, NESO_CERT, NESO_CERT_KEY), as with all commands that ask a server.
#pragma once

#include <string>

#include "base/status.h"
#include "client/endpoint.h"
#include "perf/options.h"

namespace neso::perf {

// What stands on the command line.
struct GivenServer {
  bool url = false, protocol = false;
  std::string tls = {};  // one of the options that are of use with TLS only, and not perf_analyzer's; empty: none is
};

// A server within this process is not reached: it is an error to say how.
// Errors: kInvalidArg for addresses that are none, or are of another protocol than -i says; for a file of a key that
// cannot be used; for `given.tls` without TLS.
Status ChooseServer(const GivenServer& given, Options& options);

// What NESO_URL says; empty: nothing.
std::string PresetUrl();

// Where `url` is, for the protocol if it does not name one itself. Error: kInvalidArg with what was expected.
Expected<client::Endpoint> EndpointOf(const std::string& url, Protocol protocol);

}  // namespace neso::perf
