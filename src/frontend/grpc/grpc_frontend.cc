#include "frontend/grpc/grpc_frontend.h"

#include <algorithm>

#include "frontend/grpc/control_call.h"
#include "frontend/grpc/stream_infer.h"
#include "frontend/grpc/unary_infer.h"

namespace neso {
namespace {

constexpr std::string_view kService = "/inference.GRPCInferenceService/";

// Answers every call with the same status.
class Refusal final : public net::GrpcReceiver {
 public:
  Refusal(net::GrpcCallRef call, net::GrpcStatus status) : call_(std::move(call)), status_(std::move(status)) {}
  void OnMessage(BufferRef) override {}
  void OnEnd() override { call_->Finish(std::move(status_)); }
  void OnCancel() override {}

 private:
  const net::GrpcCallRef call_;
  net::GrpcStatus status_;
};

}  // namespace

struct GrpcFrontend::Method {
  std::string_view path;
  net::GrpcReceiverRef (*begin)(GrpcFrontend& frontend, net::GrpcCallRef call);

  template <auto kFunction>
  static net::GrpcReceiverRef Control(GrpcFrontend& frontend, net::GrpcCallRef call) {
    return std::make_shared<ControlCall<kFunction>>(frontend.control_, nullptr, std::move(call));
  }
  template <auto kFunction>
  static net::GrpcReceiverRef SlowControl(GrpcFrontend& frontend, net::GrpcCallRef call) {
    return std::make_shared<ControlCall<kFunction>>(frontend.control_, &frontend.slow_work_, std::move(call));
  }
  static net::GrpcReceiverRef Infer(GrpcFrontend& frontend, net::GrpcCallRef call) {
    return std::make_shared<UnaryInfer>(frontend.server_, std::move(call));
  }
  static net::GrpcReceiverRef StreamInfer(GrpcFrontend& frontend, net::GrpcCallRef call) {
    return std::make_shared<neso::StreamInfer>(frontend.server_, frontend.is_draining_, std::move(call));
  }
};

const GrpcFrontend::Method* GrpcFrontend::FindMethod(std::string_view path) {
  using Service = ControlService;
  static constexpr Method kHealthCheck{"/grpc.health.v1.Health/Check", Method::Control<&Service::Check>};
  // Inference first, which is asked for most.
  static constexpr Method kMethods[] = {
      {"ModelInfer", Method::Infer},
      {"ModelStreamInfer", Method::StreamInfer},
      {"ServerLive", Method::Control<&Service::ServerLive>},
      {"ServerReady", Method::Control<&Service::ServerReady>},
      {"ModelReady", Method::Control<&Service::ModelReady>},
      {"ServerMetadata", Method::Control<&Service::ServerMetadata>},
      {"ModelMetadata", Method::Control<&Service::ModelMetadata>},
      {"ModelConfig", Method::Control<&Service::ModelConfig>},
      {"ModelStatistics", Method::Control<&Service::ModelStatistics>},
      {"RepositoryIndex", Method::Control<&Service::RepositoryIndex>},
      {"RepositoryModelLoad", Method::SlowControl<&Service::RepositoryModelLoad>},
      {"RepositoryModelUnload", Method::SlowControl<&Service::RepositoryModelUnload>},
      {"SystemSharedMemoryStatus", Method::Control<&Service::SystemSharedMemoryStatus>},
      {"SystemSharedMemoryRegister", Method::Control<&Service::SystemSharedMemoryRegister>},
      {"SystemSharedMemoryUnregister", Method::Control<&Service::SystemSharedMemoryUnregister>},
      {"CudaSharedMemoryStatus", Method::Control<&Service::CudaSharedMemoryStatus>},
      {"CudaSharedMemoryRegister", Method::Control<&Service::CudaSharedMemoryRegister>},
      {"CudaSharedMemoryUnregister", Method::Control<&Service::CudaSharedMemoryUnregister>},
      {"TraceSetting", Method::Control<&Service::TraceSetting>},
      {"LogSettings", Method::Control<&Service::LogSettings>},
  };
  if (path == kHealthCheck.path) return &kHealthCheck;
  if (!path.starts_with(kService)) return nullptr;
  path.remove_prefix(kService.size());
  const Method* const found = std::find_if(std::begin(kMethods), std::end(kMethods),
                                           [path](const Method& method) { return method.path == path; });
  return found == std::end(kMethods) ? nullptr : found;
}

net::GrpcReceiverRef GrpcFrontend::OnCall(net::GrpcCallRef call) {
  const Method* const method = FindMethod(call->head().path);
  if (method == nullptr) return nullptr;
  if (is_draining_.load(std::memory_order_relaxed)) {
    return std::make_shared<Refusal>(std::move(call), net::GrpcStatus{net::GrpcCode::kUnavailable, kShuttingDown});
  }
  return method->begin(*this, std::move(call));
}

}  // namespace neso
