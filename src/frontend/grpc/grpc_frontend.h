// The gRPC front end: KServe v2 GRPCInferenceService with Triton's extensions and the health service, on one
// GrpcServer.
//
//   GrpcFrontend frontend(server, slow_work, regions, tracer);
//   auto grpc = net::GrpcServer::Start(reactors, frontend, {.port = 8001});
#pragma once

#include <atomic>

#include "base/executor.h"
#include "engine/inference_server.h"
#include "frontend/access/access_control.h"
#include "frontend/grpc/control_service.h"
#include "frontend/grpc/health_watch.h"
#include "frontend/grpc/infer_run.h"
#include "frontend/grpc/open_streams.h"
#include "frontend/header_forwarder.h"
#include "frontend/restricted_apis.h"
#include "net/grpc_call.h"

namespace neso {

// Thread-safe. `server`, `slow_work` (model loading, which may take minutes), `regions`, `tracer` and `access`, which
// may be null, outlive it.
class GrpcFrontend final : public net::GrpcHandler {
 public:
  GrpcFrontend(InferenceServer& server, Executor& slow_work, SharedMemoryManager& regions, Tracer& tracer,
               RestrictedApis restricted = {}, std::shared_ptr<const HeaderForwarder> header_forwarder = {},
               const AccessControl* access = nullptr);

  net::GrpcReceiverRef OnCall(net::GrpcCallRef call) override;
  // From now on new calls, and new requests in open streams, are refused, and watches of the health end.
  void BeginDrain();
  // After a while of that: ends the streams whose clients have nothing under way.
  void EndIdleStreams() { streams_.EndIdle(); }

 private:
  struct Method;
  static const Method* FindMethod(std::string_view path);
  template <typename StreamType>
  std::shared_ptr<StreamType> Open(std::shared_ptr<StreamType> stream) {
    streams_.Add(stream);
    return stream;
  }

  Executor& slow_work_;
  const RestrictedApis restricted_;
  const AccessControl* const access_;
  const std::shared_ptr<const HeaderForwarder> header_forwarder_;
  const InferContext infer_context_;
  ControlService control_;
  HealthWatchers health_;
  OpenStreams streams_;
  std::atomic<bool> is_draining_{false};
};

}  // namespace neso
