#include "perf/server_choice.h"

#include <cstdlib>

#include "client/access_key.h"
#include "client/server_address.h"

namespace neso::perf {
namespace {

// Empty: not set.
std::string Preset(const char* variable) {
  const char* const value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

// What the command line does not say.
void TakePresets(net::TlsClientSettings& tls) {
  if (tls.roots_file.empty()) tls.roots_file = Preset("NESO_CACERT");
  if (!tls.certificate_file.empty() || !tls.key_file.empty()) return;
  tls.certificate_file = Preset("NESO_CERT");
  tls.key_file = Preset("NESO_CERT_KEY");
}

// `preset`: what NESO_URL says, if that is where the address comes from.
Status ChooseProtocol(const GivenServer& given, const std::string& preset, Options& options) {
  if (client::NamesGrpc(options.url)) {
    if (given.protocol && options.protocol == Protocol::kHttp)
      return InvalidArg("-i http, and '{}' is asked over gRPC: leave -i out, or write http://", options.url);
    options.protocol = Protocol::kGrpc;
  } else if (options.protocol == Protocol::kGrpc && !preset.empty()) {
    return InvalidArg("NESO_URL '{}' names no server for gRPC: expected grpc://HOST:PORT there, or -u HOST:PORT",
                      preset);
  }
  if (options.protocol == Protocol::kHttp && client::NamesGrpc(options.versus))
    return InvalidArg("--versus '{}' is asked over gRPC, the other server is not: both have the same protocol",
                      options.versus);
  return {};
}

Status CheckNamesNone(const GivenServer& given, const Options& options) {
  std::string named = given.tls.empty() ? "" : "--" + given.tls;
  if (!options.api_key.empty()) named = "--api-key";
  if (given.protocol) named = "-i";
  if (given.url) named = "-u";
  return named.empty()
             ? Status()
             : InvalidArg("{} is for a server that runs elsewhere: leave it or --service-kind triton_c_api out", named);
}

}  // namespace

Expected<client::Endpoint> EndpointOf(const std::string& url, Protocol protocol) {
  ASSIGN_OR_RETURN(client::ServerAddress address, client::ParseServerAddress(url));
  if (protocol == Protocol::kGrpc && address.protocol == Protocol::kHttp)
    return client::ParseEndpoint(url, client::kGrpcPort);
  return std::move(address.endpoint);
}

std::string PresetUrl() { return Preset("NESO_URL"); }

Status ChooseServer(const GivenServer& given, Options& options) {
  if (options.service == ServiceKind::kInProcess) return CheckNamesNone(given, options);
  const std::string preset = given.url ? "" : PresetUrl();
  if (!preset.empty()) options.url = preset;
  RETURN_IF_ERROR(ChooseProtocol(given, preset, options));
  if (!given.url && preset.empty() && options.protocol == Protocol::kGrpc) options.url = "localhost:8001";
  ASSIGN_OR_RETURN(const client::Endpoint server, EndpointOf(options.url, options.protocol));
  if (!options.versus.empty()) RETURN_IF_ERROR(EndpointOf(options.versus, options.protocol).status());
  const bool uses_tls = server.uses_tls || (options.protocol == Protocol::kGrpc && options.grpc_uses_tls);
  if (!given.tls.empty() && !uses_tls)
    return InvalidArg(
        "--{} is for TLS, and '{}' does without: write https:// (or grpcs:// for gRPC) before the address", given.tls,
        options.url);
  TakePresets(options.http_tls);
  TakePresets(options.grpc_tls);
  return client::AddAccessKey(options.api_key.empty() ? Preset("NESO_API_KEY") : options.api_key, options.headers);
}

}  // namespace neso::perf
