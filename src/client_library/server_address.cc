#include "client_library/server_address.h"

#include <string>

namespace neso::client_library {

Expected<ServerAddress> ParseServerAddress(std::string_view text) {
  const bool is_grpc = text.starts_with("grpc://") || text.starts_with("grpcs://");
  const std::string as_http = is_grpc ? "http" + std::string(text.substr(4)) : std::string(text);
  Expected<client::Endpoint> endpoint = client::ParseEndpoint(as_http, is_grpc ? 8001 : 8000);
  if (!endpoint) {
    return InvalidArg(
        "'{}' is no address of a server: expected HOST:PORT, or that after http://, https://, grpc:// or grpcs://; "
        "unix:PATH stands in place of HOST:PORT",
        text);
  }
  return ServerAddress{*std::move(endpoint), is_grpc ? Protocol::kGrpc : Protocol::kHttp};
}

}  // namespace neso::client_library
