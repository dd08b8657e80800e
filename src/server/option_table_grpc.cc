// Options of the gRPC service.
#include "base/text.h"
#include "server/option_limits.h"
#include "server/option_spec.h"
#include "server/restricted_apis.h"

namespace neso {
namespace {

Status InferThreadCount(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(const int threads, ParseValue<int>(argument));
  if (threads < 2 || threads > 128) {
    return InvalidArg("invalid argument for --grpc_infer_thread_count. Must be in the range 2 to 128.");
  }
  state.options.grpc.infer_thread_count = threads;
  return {};
}

Status MaxResponsePoolSize(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(const int size, ParseValue<int>(argument));
  if (size <= 0) return InvalidArg("Error: --grpc-max-response-pool-size must be greater than 0.");
  state.options.grpc.max_response_pool_size = size;
  return {};
}

Status CompressionLevel(ParseState& state, const std::string& argument) {
  const std::string level = ToLowerAscii(argument);
  GrpcCompressionLevel& field = state.options.grpc.compression_level;
  if (level == "none") {
    field = GrpcCompressionLevel::kNone;
  } else if (level == "low") {
    field = GrpcCompressionLevel::kLow;
  } else if (level == "medium") {
    field = GrpcCompressionLevel::kMedium;
  } else if (level == "high") {
    field = GrpcCompressionLevel::kHigh;
  } else {
    return InvalidArg("invalid argument for --grpc-infer-response-compression-level");
  }
  return {};
}

Status RestrictedProtocol(ParseState& state, const std::string& argument) {
  return AddRestrictedApis(state.options.grpc.restricted_protocols, "protocol", "triton-grpc-protocol-", argument);
}

Status GrpcLimit(ParseState& state, const std::string& argument) {
  state.grpc_limits_given.insert(argument.substr(0, argument.find('=')));
  return SetGrpcLimit(state.options.grpc.limits, argument);
}

constexpr OptionSpec kGrpc[] = {
    {"allow-grpc", "boolean", "Offer the gRPC service. Default is true.", Set<&Options::grpc, &GrpcOptions::allow>},
    {"grpc-address", "string", "Address the gRPC service listens on. Default is 0.0.0.0.",
     Set<&Options::grpc, &GrpcOptions::address>},
    {"grpc-port", "integer", "Port of the gRPC service. Default is 8001.", SetPort<&Options::grpc, &GrpcOptions::port>},
    {"reuse-grpc-port", "boolean", "Share the gRPC port with other servers (SO_REUSEPORT). Default is false.",
     Set<&Options::grpc, &GrpcOptions::reuse_port>},
    {"grpc-header-forward-pattern", "string",
     "Metadata whose key matches this regular expression, whatever the case, becomes parameters of the request.",
     SetHeaderForwarder<&Options::grpc, &GrpcOptions::header_forwarder>},
    {"grpc-infer-thread-count", "integer", "Threads that handle inference calls, 2 to 128. Default is 2.",
     InferThreadCount},
    {"grpc-infer-allocation-pool-size", "integer",
     "How many states of finished calls are kept for later ones. Default is 8.",
     Set<&Options::grpc, &GrpcOptions::infer_allocation_pool_size>},
    {"grpc-max-response-pool-size", "integer", "How many responses one stream may have waiting. Default is 2147483647.",
     MaxResponsePoolSize},
    {"grpc-use-ssl", "boolean", "Speak TLS. Default is false.",
     Set<&Options::grpc, &GrpcOptions::tls, &TlsOptions::use>},
    {"grpc-use-ssl-mutual", "boolean", "Ask clients for a certificate, too; speaks TLS. Default is false.",
     SetMutualTls<&Options::grpc, &GrpcOptions::tls>},
    {"grpc-server-cert", "string", "PEM file with the certificate of the server.",
     Set<&Options::grpc, &GrpcOptions::tls, &TlsOptions::server_cert>},
    {"grpc-server-key", "string", "PEM file with the private key of the server.",
     Set<&Options::grpc, &GrpcOptions::tls, &TlsOptions::server_key>},
    {"grpc-root-cert", "string", "PEM file with the certificates that clients are checked against.",
     Set<&Options::grpc, &GrpcOptions::tls, &TlsOptions::root_cert>},
    {"grpc-infer-response-compression-level", "string",
     "How hard to compress responses: none, low, medium or high. Default is none.", CompressionLevel},
    {"grpc-keepalive-time", "integer", "Milliseconds without traffic after which a ping is sent. Default is 7200000.",
     Set<&Options::grpc, &GrpcOptions::keepalive_time_ms>},
    {"grpc-keepalive-timeout", "integer",
     "Milliseconds to wait for the answer to a ping before the connection is closed. Default is 20000.",
     Set<&Options::grpc, &GrpcOptions::keepalive_timeout_ms>},
    {"grpc-keepalive-permit-without-calls", "boolean", "Send pings also when no call is open. Default is 0 (false).",
     Set<&Options::grpc, &GrpcOptions::keepalive_permit_without_calls>},
    {"grpc-http2-max-pings-without-data", "integer",
     "Pings that may be sent without any data between them; 0 means any number. Default is 2.",
     Set<&Options::grpc, &GrpcOptions::http2_max_pings_without_data>},
    {"grpc-http2-min-recv-ping-interval-without-data", "integer",
     "Milliseconds that must lie between two pings of a client without data. Default is 300000.",
     Set<&Options::grpc, &GrpcOptions::http2_min_recv_ping_interval_without_data_ms>},
    {"grpc-http2-max-ping-strikes", "integer",
     "Bad pings of a client that are borne before its connection is closed; 0 means any number. Default is 2.",
     Set<&Options::grpc, &GrpcOptions::http2_max_ping_strikes>},
    {"grpc-max-connection-age", "integer",
     "Milliseconds after which a connection is asked to end; 0, the default, means never.",
     Set<&Options::grpc, &GrpcOptions::max_connection_age_ms>},
    {"grpc-max-connection-age-grace", "integer",
     "Milliseconds that calls may take to finish once the connection was asked to end; 0, the default, means any time.",
     Set<&Options::grpc, &GrpcOptions::max_connection_age_grace_ms>},
    {"grpc-restricted-protocol", "<string>:<string>=<string>",
     "Let only calls with the metadata triton-grpc-protocol-<key> use these protocols: protocol1,protocol2:key=value. "
     "May be given several times. The names are those of --http-restricted-api.",
     RestrictedProtocol},
    {"grpc-limit", "<string>=<integer>",
     "How much clients may do on this port: as --http-limit, and message-bytes. May be given several times.",
     GrpcLimit},
};

}  // namespace

OptionGroup GrpcGroup() { return {"GRPC", kGrpc}; }

}  // namespace neso
