// Every RPC but inference: health, metadata, statistics, repository, shared memory, settings.
//
//   ControlService service(server, regions, tracer);
//   inference::ModelConfigResponse response;
//   Status status = service.ModelConfig(request, response);
//
// Functions named after their RPCs; errors have the contract's texts.
#pragma once

#include <functional>
#include <string_view>

#include "base/status.h"
#include "engine/inference_server.h"
#include "frontend/access/access_control.h"
#include "frontend/grpc/grpc_service.pb.h"
#include "frontend/grpc/health.pb.h"
#include "frontend/shared_memory/shared_memory_manager.h"
#include "observe/tracer.h"

namespace neso {

// Thread-safe. What it is made of outlives it.
class ControlService {
 public:
  // `access` may be null.
  ControlService(InferenceServer& server, SharedMemoryManager& regions, Tracer& tracer,
                 const AccessControl* access = nullptr)
      : server_(server), regions_(regions), tracer_(tracer), access_(access) {}

#define NESO_RPC(name) Status name(const inference::name##Request& request, inference::name##Response& response)
  NESO_RPC(ServerLive);
  NESO_RPC(ServerMetadata);
  NESO_RPC(ModelStatistics);
  NESO_RPC(RepositoryIndex);        // reads folders
  NESO_RPC(RepositoryModelLoad);    // takes as long as loading does
  NESO_RPC(RepositoryModelUnload);  // may wait for another operation on the model
  NESO_RPC(SystemSharedMemoryStatus);
  NESO_RPC(SystemSharedMemoryRegister);
  NESO_RPC(SystemSharedMemoryUnregister);
  NESO_RPC(CudaSharedMemoryStatus);
  NESO_RPC(CudaSharedMemoryRegister);  // may start the CUDA driver
  NESO_RPC(CudaSharedMemoryUnregister);
  NESO_RPC(TraceSetting);
  NESO_RPC(LogSettings);
#undef NESO_RPC

  // Those that ask backends, which may take seconds, or wait for models that are loaded on demand; `answer` is called once,
  // now or on another thread.
  template <typename Response>
  using Answer = std::function<void(const Status&, const Response&)>;
  void ServerReady(const inference::ServerReadyRequest& request, Answer<inference::ServerReadyResponse> answer);
  void ModelReady(const inference::ModelReadyRequest& request, Answer<inference::ModelReadyResponse> answer);
  void ModelMetadata(const inference::ModelMetadataRequest& request, Answer<inference::ModelMetadataResponse> answer);
  void ModelConfig(const inference::ModelConfigRequest& request, Answer<inference::ModelConfigResponse> answer);
  void Check(const grpc::health::v1::HealthCheckRequest& request, Answer<grpc::health::v1::HealthCheckResponse> answer);

 private:
  InferenceServer& server_;
  SharedMemoryManager& regions_;
  Tracer& tracer_;
  const AccessControl* const access_;
};

}  // namespace neso
