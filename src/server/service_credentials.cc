#include "server/service_credentials.h"

namespace neso {
namespace {

using net::TlsCredentials;
using net::TlsSettings;

// `prefix` is that of the options' names.
Expected<std::shared_ptr<TlsCredentials>> Load(const TlsOptions& options, const char* service, const char* prefix,
                                               TlsSettings::Protocols protocols) {
  if (!options.use) return std::shared_ptr<TlsCredentials>();
  if (options.server_cert.empty() || options.server_key.empty())
    return InvalidArg("--{0}-use-ssl needs --{0}-server-cert and --{0}-server-key", prefix);
  if (options.mutual && options.root_cert.empty())
    return InvalidArg("--{0}-use-ssl-mutual needs --{0}-root-cert", prefix);
  ASSIGN_OR_RETURN(net::MakeTlsContext make, net::OpenTlsLibrary());
  return TlsCredentials::Load(service,
                              {.protocols = protocols,
                               .certificate_file = options.server_cert,
                               .key_file = options.server_key,
                               .client_roots_file = options.mutual ? options.root_cert : ""},
                              std::move(make));
}

}  // namespace

Expected<ServiceCredentials> LoadServiceCredentials(const Options& options) {
  ServiceCredentials credentials;
  if (options.grpc.allow) {
    auto grpc = Load(options.grpc.tls, "GRPC", "grpc", TlsSettings::Protocols::kGrpc);
    if (!grpc) return grpc.error().WithContext("GRPC service");
    credentials.grpc = *std::move(grpc);
  }
  if (options.http.allow) {
    auto http = Load(options.http.tls, "HTTP", "http", TlsSettings::Protocols::kHttp);
    if (!http) return http.error().WithContext("HTTP service");
    credentials.http = *std::move(http);
  }
  if (options.server.metrics) {
    auto metrics = Load(options.metrics.tls, "Metrics", "metrics", TlsSettings::Protocols::kHttp);
    if (!metrics) return metrics.error().WithContext("metrics service");
    credentials.metrics = *std::move(metrics);
  }
  if (!options.access.keys_file.empty()) {
    auto keys = AccessKeys::Load(options.access.keys_file);
    if (!keys) return keys.error().WithContext("access keys");
    credentials.keys = *std::move(keys);
  }
  return credentials;
}

}  // namespace neso
