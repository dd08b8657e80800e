// Where a server is and which protocol it speaks there, as people write it.
//
//   ASSIGN_OR_RETURN(const ServerAddress server, ParseServerAddress("grpcs://gpu-1:8001"));
#pragma once

#include <string_view>

#include "base/status.h"
#include "client/endpoint.h"
#include "client_library/question.h"

namespace neso::client_library {

struct ServerAddress {
  client::Endpoint endpoint;
  Protocol protocol = Protocol::kHttp;
};

// HOST, HOST:PORT or one of these after http://, https://, grpc:// or grpcs://, with a path or without; without a scheme
// it is http://. unix:PATH stands in place of HOST:PORT and path. Error: kInvalidArg with what was expected.
Expected<ServerAddress> ParseServerAddress(std::string_view text);

}  // namespace neso::client_library
