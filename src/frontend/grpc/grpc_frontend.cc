#include "frontend/grpc/grpc_frontend.h"

#include <algorithm>
#include <span>

#include "base/block_cache.h"
#include "base/environment.h"
#include "base/log.h"
#include "base/memory_budget.h"
#include "frontend/grpc/control_call.h"
#include "frontend/grpc/grpc_access.h"
#include "frontend/grpc/reflection_call.h"
#include "frontend/grpc/stream_infer.h"
#include "frontend/grpc/unary_infer.h"

namespace neso {
namespace {

constexpr std::string_view kService = "/inference.GRPCInferenceService/";

// Of a call that has been answered.
class Refused final : public net::GrpcReceiver {
 public:
  void OnMessage(BufferRef) override {}
  void OnEnd() override {}
  void OnCancel() override {}
};

// At once: the client of a stream may send its messages, and half-close, only after it has heard something.
net::GrpcReceiverRef Refuse(net::GrpcCall& call, net::GrpcStatus status) {
  call.Finish(std::move(status));
  return std::make_shared<Refused>();
}

}  // namespace

GrpcFrontend::GrpcFrontend(InferenceServer& server, Executor& slow_work, SharedMemoryManager& regions, Tracer& tracer,
                           RestrictedApis restricted, std::shared_ptr<const HeaderForwarder> header_forwarder,
                           const AccessControl* access)
    : slow_work_(slow_work),
      restricted_(std::move(restricted)),
      access_(access),
      header_forwarder_(std::move(header_forwarder)),
      infer_context_{
          .server = server,
          .regions = regions,
          .tracer = tracer,
          .header_forwarder = header_forwarder_.get(),
          .response_delay = std::chrono::seconds(NumberFromEnvironment("TRITONSERVER_SERVER_DELAY_GRPC_RESPONSE_SEC"))},
      control_(server, regions, tracer, access),
      health_(server) {}

struct GrpcFrontend::Method {
  std::string_view path;
  ApiCategory category;
  net::GrpcReceiverRef (*begin)(GrpcFrontend& frontend, net::GrpcCallRef call, AccessCallerRef caller);
  AccessRight right = RightOf(category);

  template <auto kFunction>
  static net::GrpcReceiverRef Control(GrpcFrontend& frontend, net::GrpcCallRef call, AccessCallerRef caller) {
    return std::make_shared<ControlCall<kFunction>>(frontend.control_, nullptr, std::move(call), std::move(caller));
  }
  template <auto kFunction>
  static net::GrpcReceiverRef SlowControl(GrpcFrontend& frontend, net::GrpcCallRef call, AccessCallerRef caller) {
    return std::make_shared<ControlCall<kFunction>>(frontend.control_, &frontend.slow_work_, std::move(call),
                                                    std::move(caller));
  }
  template <auto kFunction>
  static net::GrpcReceiverRef Ask(GrpcFrontend& frontend, net::GrpcCallRef call, AccessCallerRef caller) {
    return std::make_shared<AskingCall<kFunction>>(frontend.control_, std::move(call), std::move(caller));
  }
  static net::GrpcReceiverRef WatchHealth(GrpcFrontend& frontend, net::GrpcCallRef call, AccessCallerRef) {
    return frontend.health_.Begin(std::move(call));
  }
  static net::GrpcReceiverRef Reflect(GrpcFrontend& frontend, net::GrpcCallRef call, AccessCallerRef) {
    return frontend.Open(std::make_shared<ReflectionCall>(std::move(call)));
  }
  static net::GrpcReceiverRef Infer(GrpcFrontend& frontend, net::GrpcCallRef call, AccessCallerRef caller) {
    return MakeShared<UnaryInfer>(frontend.infer_context_, std::move(call), std::move(caller));
  }
  static net::GrpcReceiverRef StreamInfer(GrpcFrontend& frontend, net::GrpcCallRef call, AccessCallerRef caller) {
    return frontend.Open(std::make_shared<neso::StreamInfer>(frontend.infer_context_, frontend.is_draining_,
                                                             frontend.streams_, std::move(call), std::move(caller)));
  }
};

const GrpcFrontend::Method* GrpcFrontend::FindMethod(std::string_view path) {
  using Service = ControlService;
  using Category = ApiCategory;
  // Those of other services, by their whole path.
  static constexpr Method kOthers[] = {
      {"/grpc.health.v1.Health/Check", Category::kHealth, Method::Ask<&Service::Check>},
      {"/grpc.health.v1.Health/Watch", Category::kHealth, Method::WatchHealth},
      {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Category::kMetadata, Method::Reflect},
      {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Category::kMetadata, Method::Reflect},
  };
  // Inference first, which is asked for most.
  static constexpr Method kMethods[] = {
      {"ModelInfer", Category::kInference, Method::Infer},
      {"ModelStreamInfer", Category::kInference, Method::StreamInfer},
      {"ServerLive", Category::kHealth, Method::Control<&Service::ServerLive>},
      {"ServerReady", Category::kHealth, Method::Ask<&Service::ServerReady>},
      // It tells whether there is such a model.
      {"ModelReady", Category::kHealth, Method::Ask<&Service::ModelReady>, AccessRight::kMetadata},
      {"ServerMetadata", Category::kMetadata, Method::Control<&Service::ServerMetadata>},
      {"ModelMetadata", Category::kMetadata, Method::Ask<&Service::ModelMetadata>},
      {"ModelConfig", Category::kModelConfig, Method::Ask<&Service::ModelConfig>},
      {"ModelStatistics", Category::kStatistics, Method::Control<&Service::ModelStatistics>},
      {"RepositoryIndex", Category::kModelRepository, Method::SlowControl<&Service::RepositoryIndex>,
       AccessRight::kIndex},
      {"RepositoryModelLoad", Category::kModelRepository, Method::SlowControl<&Service::RepositoryModelLoad>},
      {"RepositoryModelUnload", Category::kModelRepository, Method::SlowControl<&Service::RepositoryModelUnload>},
      {"SystemSharedMemoryStatus", Category::kSharedMemory, Method::Control<&Service::SystemSharedMemoryStatus>},
      {"SystemSharedMemoryRegister", Category::kSharedMemory, Method::Control<&Service::SystemSharedMemoryRegister>},
      {"SystemSharedMemoryUnregister", Category::kSharedMemory,
       Method::Control<&Service::SystemSharedMemoryUnregister>},
      {"CudaSharedMemoryStatus", Category::kSharedMemory, Method::Control<&Service::CudaSharedMemoryStatus>},
      {"CudaSharedMemoryRegister", Category::kSharedMemory, Method::SlowControl<&Service::CudaSharedMemoryRegister>},
      {"CudaSharedMemoryUnregister", Category::kSharedMemory, Method::Control<&Service::CudaSharedMemoryUnregister>},
      {"TraceSetting", Category::kTrace, Method::Control<&Service::TraceSetting>},
      {"LogSettings", Category::kLogging, Method::Control<&Service::LogSettings>},
  };
  const bool is_inference_service = path.starts_with(kService);
  if (is_inference_service) path.remove_prefix(kService.size());
  const std::span<const Method> methods = is_inference_service ? std::span<const Method>(kMethods) : kOthers;
  const auto found =
      std::find_if(methods.begin(), methods.end(), [path](const Method& method) { return method.path == path; });
  return found == methods.end() ? nullptr : &*found;
}

void GrpcFrontend::BeginDrain() {
  is_draining_.store(true, std::memory_order_relaxed);
  health_.BeginDrain();
}

net::GrpcReceiverRef GrpcFrontend::OnCall(net::GrpcCallRef call) {
  LOG_VERBOSE(1, "gRPC request: {}", call->head().path);
  const Method* const method = FindMethod(call->head().path);
  if (method == nullptr) return nullptr;
  if (is_draining_.load(std::memory_order_relaxed)) {
    return Refuse(*call, {net::GrpcCode::kUnavailable, kShuttingDown});
  }
  AccessCallerRef caller;
  if (access_ != nullptr) [[unlikely]] {
    const bool is_stream = method->begin == &Method::StreamInfer;
    const AccessRefusalRef refusal = access_->AdmitCall(call->head(), method->right, is_stream, caller);
    if (refusal) return Refuse(*call, ToGrpcStatus(*refusal));
    if (caller != nullptr) call = WithTicket(std::move(call), caller->ticket());
  }
  if (!restricted_.empty()) [[unlikely]] {
    const RestrictedApi* const rule = restricted_.Find(method->category);
    if (rule != nullptr && !rule->Matches(call->head().Find(rule->header))) {
      return Refuse(*call, {net::GrpcCode::kUnavailable,
                            fmt::format("This protocol is restricted, expecting header '{}'", rule->header)});
    }
  }
  if (method->category == ApiCategory::kInference && MemoryBudget::OfProcess().IsExhausted()) [[unlikely]] {
    return Refuse(*call, {net::GrpcCode::kResourceExhausted, MemoryBudget::OfProcess().RefusalText()});
  }
  return method->begin(*this, std::move(call), std::move(caller));
}

}  // namespace neso
