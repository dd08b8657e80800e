#include "client/server_address.h"

#include <string>

namespace neso::client {
namespace {

constexpr std::string_view kGrpc = "grpc://", kGrpcs = "grpcs://", kHttps = "https://";

}  // namespace

bool NamesGrpc(std::string_view text) { return text.starts_with(kGrpc) || text.starts_with(kGrpcs); }

bool NamesTls(std::string_view text) { return text.starts_with(kHttps) || text.starts_with(kGrpcs); }

Expected<ServerAddress> ParseServerAddress(std::string_view text) {
  const bool is_grpc = NamesGrpc(text);
  const std::string as_http = is_grpc ? "http" + std::string(text.substr(4)) : std::string(text);
  Expected<Endpoint> endpoint = ParseEndpoint(as_http, is_grpc ? kGrpcPort : kHttpPort);
  if (!endpoint) {
    return InvalidArg(
        "'{}' is no address of a server: expected HOST:PORT, or that after http://, https://, grpc:// or grpcs://; "
        "unix:PATH stands in place of HOST:PORT",
        text);
  }
  if (is_grpc && !endpoint->path.empty())
    return InvalidArg("'{}' is no address of a server: gRPC takes no path behind HOST:PORT", text);
  return ServerAddress{*std::move(endpoint), is_grpc ? Protocol::kGrpc : Protocol::kHttp};
}

}  // namespace neso::client
