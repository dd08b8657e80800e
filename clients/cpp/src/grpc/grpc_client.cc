// The client's life, and its calls other than inference.
#include "grpc_client.h"

#include <iostream>
#include <utility>

#include "grpc/async_calls.h"
#include "grpc/grpc_connection.h"
#include "grpc/infer_stream.h"

namespace triton {
namespace client {

using Stub = inference::GRPCInferenceService::Stub;

Error InferenceServerGrpcClient::Create(std::unique_ptr<InferenceServerGrpcClient>* client,
                                        const std::string& server_url, bool verbose, bool use_ssl,
                                        const SslOptions& ssl_options, const KeepAliveOptions& keepalive_options,
                                        const bool use_cached_channel) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxSendMessageSize(MAX_GRPC_MESSAGE_SIZE);
  arguments.SetMaxReceiveMessageSize(MAX_GRPC_MESSAGE_SIZE);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_options.keepalive_time_ms);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_options.keepalive_timeout_ms);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, keepalive_options.keepalive_permit_without_calls);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, keepalive_options.http2_max_pings_without_data);
  return Create(client, server_url, arguments, verbose, use_ssl, ssl_options, use_cached_channel);
}

Error InferenceServerGrpcClient::Create(std::unique_ptr<InferenceServerGrpcClient>* client,
                                        const std::string& server_url, const grpc::ChannelArguments& channel_args,
                                        bool verbose, bool use_ssl, const SslOptions& ssl_options,
                                        const bool use_cached_channel) {
  std::shared_ptr<GrpcConnection> connection;
  const GrpcConnection::Options options{server_url, use_ssl, ssl_options, channel_args};
  if (Error error = GrpcConnection::Open(&connection, options, use_cached_channel); !error.IsOk()) return error;
  client->reset(new InferenceServerGrpcClient(verbose, std::move(connection)));
  return Error::Success;
}

InferenceServerGrpcClient::InferenceServerGrpcClient(bool verbose, std::shared_ptr<GrpcConnection> connection)
    : InferenceServerClient(verbose),
      connection_(std::move(connection)),
      async_calls_(std::make_shared<AsyncInferCalls>()) {}

// Callbacks that are under way may still make calls, and open a stream.
InferenceServerGrpcClient::~InferenceServerGrpcClient() {
  async_calls_->Stop();
  while (const std::shared_ptr<InferStream> stream = TakeStream()) stream->Abort();
}

size_t InferenceServerGrpcClient::GetNumCachedChannels() const { return GrpcConnection::SharedCount(); }

template <typename Request, typename Response>
Error InferenceServerGrpcClient::Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                      const Request& request, Response* response, const Headers& headers,
                                      uint64_t timeout_us) {
  grpc::ClientContext context;
  if (Error error = PrepareContext(&context, headers, timeout_us); !error.IsOk()) return error;
  response->Clear();
  const Error error = ErrorOf((connection_->stub().*method)(&context, request, response));
  if (verbose_) std::cout << (error.IsOk() ? response->DebugString() : error.Message()) << std::endl;
  return error;
}

Error InferenceServerGrpcClient::IsServerLive(bool* live, const Headers& headers, const uint64_t timeout_ms) {
  inference::ServerLiveResponse response;
  const Error error = Call(&Stub::ServerLive, inference::ServerLiveRequest(), &response, headers, timeout_ms);
  *live = response.live();
  return error;
}

Error InferenceServerGrpcClient::IsServerReady(bool* ready, const Headers& headers, const uint64_t timeout_ms) {
  inference::ServerReadyResponse response;
  const Error error = Call(&Stub::ServerReady, inference::ServerReadyRequest(), &response, headers, timeout_ms);
  *ready = response.ready();
  return error;
}

Error InferenceServerGrpcClient::IsModelReady(bool* ready, const std::string& model_name,
                                              const std::string& model_version, const Headers& headers,
                                              const uint64_t timeout_ms) {
  inference::ModelReadyRequest request;
  request.set_name(model_name);
  request.set_version(model_version);
  inference::ModelReadyResponse response;
  const Error error = Call(&Stub::ModelReady, request, &response, headers, timeout_ms);
  *ready = response.ready();
  return error;
}

Error InferenceServerGrpcClient::ServerMetadata(inference::ServerMetadataResponse* server_metadata,
                                                const Headers& headers, const uint64_t timeout_ms) {
  return Call(&Stub::ServerMetadata, inference::ServerMetadataRequest(), server_metadata, headers, timeout_ms);
}

Error InferenceServerGrpcClient::ModelMetadata(inference::ModelMetadataResponse* model_metadata,
                                               const std::string& model_name, const std::string& model_version,
                                               const Headers& headers, const uint64_t timeout_ms) {
  inference::ModelMetadataRequest request;
  request.set_name(model_name);
  request.set_version(model_version);
  return Call(&Stub::ModelMetadata, request, model_metadata, headers, timeout_ms);
}

Error InferenceServerGrpcClient::ModelConfig(inference::ModelConfigResponse* model_config,
                                             const std::string& model_name, const std::string& model_version,
                                             const Headers& headers, const uint64_t timeout_ms) {
  inference::ModelConfigRequest request;
  request.set_name(model_name);
  request.set_version(model_version);
  return Call(&Stub::ModelConfig, request, model_config, headers, timeout_ms);
}

Error InferenceServerGrpcClient::ModelRepositoryIndex(inference::RepositoryIndexResponse* repository_index,
                                                      const Headers& headers, const uint64_t timeout_ms) {
  return Call(&Stub::RepositoryIndex, inference::RepositoryIndexRequest(), repository_index, headers, timeout_ms);
}

Error InferenceServerGrpcClient::LoadModel(const std::string& model_name, const Headers& headers,
                                           const std::string& config,
                                           const std::map<std::string, std::vector<char>>& files,
                                           const uint64_t timeout_ms) {
  inference::RepositoryModelLoadRequest request;
  request.set_model_name(model_name);
  auto& parameters = *request.mutable_parameters();
  if (!config.empty()) parameters["config"].set_string_param(config);
  for (const auto& [path, content] : files) parameters[path].set_bytes_param(content.data(), content.size());
  inference::RepositoryModelLoadResponse response;
  return Call(&Stub::RepositoryModelLoad, request, &response, headers, timeout_ms);
}

Error InferenceServerGrpcClient::UnloadModel(const std::string& model_name, const Headers& headers,
                                             const uint64_t timeout_ms) {
  inference::RepositoryModelUnloadRequest request;
  request.set_model_name(model_name);
  inference::RepositoryModelUnloadResponse response;
  return Call(&Stub::RepositoryModelUnload, request, &response, headers, timeout_ms);
}

Error InferenceServerGrpcClient::ModelInferenceStatistics(inference::ModelStatisticsResponse* infer_stat,
                                                          const std::string& model_name,
                                                          const std::string& model_version, const Headers& headers,
                                                          const uint64_t timeout_ms) {
  inference::ModelStatisticsRequest request;
  request.set_name(model_name);
  request.set_version(model_version);
  return Call(&Stub::ModelStatistics, request, infer_stat, headers, timeout_ms);
}

Error InferenceServerGrpcClient::UpdateTraceSettings(inference::TraceSettingResponse* response,
                                                     const std::string& model_name,
                                                     const std::map<std::string, std::vector<std::string>>& settings,
                                                     const Headers& headers, const uint64_t timeout_ms) {
  inference::TraceSettingRequest request;
  request.set_model_name(model_name);
  for (const auto& [name, values] : settings) {
    auto& setting = (*request.mutable_settings())[name];
    for (const std::string& value : values) setting.add_value(value);
  }
  return Call(&Stub::TraceSetting, request, response, headers, timeout_ms);
}

Error InferenceServerGrpcClient::GetTraceSettings(inference::TraceSettingResponse* settings,
                                                  const std::string& model_name, const Headers& headers,
                                                  const uint64_t timeout_ms) {
  return UpdateTraceSettings(settings, model_name, {}, headers, timeout_ms);
}

Error InferenceServerGrpcClient::SystemSharedMemoryStatus(inference::SystemSharedMemoryStatusResponse* status,
                                                          const std::string& region_name, const Headers& headers,
                                                          const uint64_t timeout_ms) {
  inference::SystemSharedMemoryStatusRequest request;
  request.set_name(region_name);
  return Call(&Stub::SystemSharedMemoryStatus, request, status, headers, timeout_ms);
}

Error InferenceServerGrpcClient::RegisterSystemSharedMemory(const std::string& name, const std::string& key,
                                                            const size_t byte_size, const size_t offset,
                                                            const Headers& headers, const uint64_t timeout_ms) {
  inference::SystemSharedMemoryRegisterRequest request;
  request.set_name(name);
  request.set_key(key);
  request.set_offset(offset);
  request.set_byte_size(byte_size);
  inference::SystemSharedMemoryRegisterResponse response;
  return Call(&Stub::SystemSharedMemoryRegister, request, &response, headers, timeout_ms);
}

Error InferenceServerGrpcClient::UnregisterSystemSharedMemory(const std::string& name, const Headers& headers,
                                                              const uint64_t timeout_ms) {
  inference::SystemSharedMemoryUnregisterRequest request;
  request.set_name(name);
  inference::SystemSharedMemoryUnregisterResponse response;
  return Call(&Stub::SystemSharedMemoryUnregister, request, &response, headers, timeout_ms);
}

Error InferenceServerGrpcClient::CudaSharedMemoryStatus(inference::CudaSharedMemoryStatusResponse* status,
                                                        const std::string& region_name, const Headers& headers,
                                                        const uint64_t timeout_ms) {
  inference::CudaSharedMemoryStatusRequest request;
  request.set_name(region_name);
  return Call(&Stub::CudaSharedMemoryStatus, request, status, headers, timeout_ms);
}

Error InferenceServerGrpcClient::RegisterCudaSharedMemory(const std::string& name,
                                                          const cudaIpcMemHandle_t& cuda_shm_handle,
                                                          const size_t device_id, const size_t byte_size,
                                                          const Headers& headers, const uint64_t timeout_ms) {
  inference::CudaSharedMemoryRegisterRequest request;
  request.set_name(name);
  request.set_raw_handle(&cuda_shm_handle, sizeof cuda_shm_handle);
  request.set_device_id(static_cast<int64_t>(device_id));
  request.set_byte_size(byte_size);
  inference::CudaSharedMemoryRegisterResponse response;
  return Call(&Stub::CudaSharedMemoryRegister, request, &response, headers, timeout_ms);
}

Error InferenceServerGrpcClient::UnregisterCudaSharedMemory(const std::string& name, const Headers& headers,
                                                            const uint64_t timeout_ms) {
  inference::CudaSharedMemoryUnregisterRequest request;
  request.set_name(name);
  inference::CudaSharedMemoryUnregisterResponse response;
  return Call(&Stub::CudaSharedMemoryUnregister, request, &response, headers, timeout_ms);
}

}  // namespace client
}  // namespace triton
