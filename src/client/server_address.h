// Where a server is and which protocol it speaks there, as people write it.
//
//   ASSIGN_OR_RETURN(const ServerAddress server, ParseServerAddress("grpcs://gpu-1:8001"));
#pragma once

#include <string_view>

#include "base/status.h"
#include "client/endpoint.h"

namespace neso::client {

enum class Protocol { kHttp, kGrpc };

inline constexpr uint16_t kHttpPort = 8000, kGrpcPort = 8001;

struct ServerAddress {
  Endpoint endpoint;
  Protocol protocol = Protocol::kHttp;
};

// HOST, HOST:PORT or unix:PATH, or one of these after http://, https://, grpc:// or grpcs://; without a scheme it is
// http://. HTTP may have a path behind it. unix:PATH stands in place of HOST:PORT and path. Error: kInvalidArg with what was expected.
Expected<ServerAddress> ParseServerAddress(std::string_view text);

// What the scheme says, whatever follows it: grpc:// or grpcs://, https:// or grpcs://.
bool NamesGrpc(std::string_view text);
bool NamesTls(std::string_view text);

}  // namespace neso::client
