#include "perf/transport.h"

#include "client/dial.h"
#include "perf/grpc_transport.h"
#include "perf/http_transport.h"
#include "perf/in_process/local_transport.h"
#include "perf/interrupt.h"
#include "perf/openai/payload_transport.h"
#include "perf/server_choice.h"

namespace neso::perf {

namespace {

Status NotThere(std::string_view what) { return Unsupported("a service of this kind has no {}", what); }

}  // namespace

Expected<std::string> Transport::Ask(Question, const std::string&, const std::string&) { return NotThere("models"); }
Status Transport::SetTrace(const TraceSettings&) { return NotThere("traces"); }
Status Transport::Load(const std::string&, const std::string&) { return NotThere("models to load"); }
Status Transport::Unload(const std::string&) { return NotThere("models to unload"); }
Status Transport::Register(const SharedRegion&) { return NotThere("shared memory"); }
Status Transport::Unregister(const SharedRegion&) { return NotThere("shared memory"); }

client::Patience UsualPatience() { return {kUsualPatience, InterruptWatch::IsOverdue}; }

Expected<std::unique_ptr<Transport>> MakeTransport(const Options& options, const std::string& url) {
  if (options.service == ServiceKind::kInProcess) return LocalTransport::Start(options);
  const bool is_grpc = options.protocol == Protocol::kGrpc;
  ASSIGN_OR_RETURN(client::Endpoint endpoint, EndpointOf(url, options.protocol));
  if (is_grpc) endpoint.uses_tls |= options.grpc_uses_tls;
  if (endpoint.uses_tls) {
    ASSIGN_OR_RETURN(endpoint.tls, client::MakeTls(is_grpc ? options.grpc_tls : options.http_tls));
  }
  if (options.service == ServiceKind::kOpenAi)
    return std::unique_ptr<Transport>(std::make_unique<PayloadTransport>(std::move(endpoint), options));
  if (is_grpc) return std::unique_ptr<Transport>(std::make_unique<GrpcTransport>(std::move(endpoint), options));
  return std::unique_ptr<Transport>(std::make_unique<HttpTransport>(std::move(endpoint), options));
}

}  // namespace neso::perf
