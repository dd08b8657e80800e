// The client for KServe v2 over gRPC.
//
//   std::unique_ptr<tc::InferenceServerGrpcClient> client;
//   tc::InferenceServerGrpcClient::Create(&client, "localhost:8001");
//   tc::InferResult* result;
//   tc::Error error = client->Infer(&result, tc::InferOptions("digits"), {input});
//
// Every call may be made from any thread. What a call gives besides tensors are the messages of grpc_service.proto.
#pragma once

#include <grpcpp/grpcpp.h>

#include <climits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common.h"
#include "grpc_service.grpc.pb.h"
#include "ipc.h"

namespace triton {
namespace client {

typedef std::map<std::string, std::string> Headers;

// Files in PEM form; an empty name stands for none, and no root certificates for the system's.
struct SslOptions {
  std::string root_certificates;
  std::string private_key;
  std::string certificate_chain;
};

// Pings on a connection that is silent.
struct KeepAliveOptions {
  int keepalive_time_ms = INT_MAX;  // after so long; INT_MAX: never
  int keepalive_timeout_ms = 20000;
  bool keepalive_permit_without_calls = false;
  int http2_max_pings_without_data = 2;
};

class AsyncInferCalls;
class GrpcConnection;
class InferStream;

// `timeout_ms` of its calls are microseconds, in spite of the name that programs know; 0: none.
class InferenceServerGrpcClient : public InferenceServerClient {
 public:
  // `server_url`: "host:port". With `use_cached_channel` up to six clients that are made with equal arguments share a
  // connection; the environment variable TRITON_CLIENT_GRPC_CHANNEL_MAX_SHARE_COUNT gives another number.
  // Errors: a file of `ssl_options` cannot be read. Whether the server is there shows in the first call.
  static Error Create(std::unique_ptr<InferenceServerGrpcClient>* client, const std::string& server_url,
                      bool verbose = false, bool use_ssl = false, const SslOptions& ssl_options = SslOptions(),
                      const KeepAliveOptions& keepalive_options = KeepAliveOptions(),
                      const bool use_cached_channel = true);

  // With `channel_args` as they are: gRPC's own limits for sizes of messages hold unless they say otherwise.
  static Error Create(std::unique_ptr<InferenceServerGrpcClient>* client, const std::string& server_url,
                      const grpc::ChannelArguments& channel_args, bool verbose = false, bool use_ssl = false,
                      const SslOptions& ssl_options = SslOptions(), const bool use_cached_channel = true);

  // Requests of AsyncInfer() that have not completed, and a stream, are cancelled; their callbacks are not called. A
  // callback that runs is waited for, unless it is what destroys the client.
  ~InferenceServerGrpcClient() override;

  // Connections of this process that clients share.
  size_t GetNumCachedChannels() const;

  // --- health and metadata ------------------------------------------------------------------------------------

  Error IsServerLive(bool* live, const Headers& headers = Headers(), const uint64_t timeout_ms = 0);
  Error IsServerReady(bool* ready, const Headers& headers = Headers(), const uint64_t timeout_ms = 0);
  Error IsModelReady(bool* ready, const std::string& model_name, const std::string& model_version = "",
                     const Headers& headers = Headers(), const uint64_t timeout_ms = 0);
  Error ServerMetadata(inference::ServerMetadataResponse* server_metadata, const Headers& headers = Headers(),
                       const uint64_t timeout_ms = 0);
  Error ModelMetadata(inference::ModelMetadataResponse* model_metadata, const std::string& model_name,
                      const std::string& model_version = "", const Headers& headers = Headers(),
                      const uint64_t timeout_ms = 0);
  Error ModelConfig(inference::ModelConfigResponse* model_config, const std::string& model_name,
                    const std::string& model_version = "", const Headers& headers = Headers(),
                    const uint64_t timeout_ms = 0);

  // --- models -------------------------------------------------------------------------------------------------

  Error ModelRepositoryIndex(inference::RepositoryIndexResponse* repository_index, const Headers& headers = Headers(),
                             const uint64_t timeout_ms = 0);
  // `config`: JSON in place of the model's configuration. `files`: "file:<path>" to content, in place of its folder.
  Error LoadModel(const std::string& model_name, const Headers& headers = Headers(),
                  const std::string& config = std::string(), const std::map<std::string, std::vector<char>>& files = {},
                  const uint64_t timeout_ms = 0);
  Error UnloadModel(const std::string& model_name, const Headers& headers = Headers(), const uint64_t timeout_ms = 0);
  Error ModelInferenceStatistics(inference::ModelStatisticsResponse* infer_stat, const std::string& model_name = "",
                                 const std::string& model_version = "", const Headers& headers = Headers(),
                                 const uint64_t timeout_ms = 0);

  // --- tracing; a setting without values is cleared -----------------------------------------------------------

  Error UpdateTraceSettings(inference::TraceSettingResponse* response, const std::string& model_name = "",
                            const std::map<std::string, std::vector<std::string>>& settings =
                                std::map<std::string, std::vector<std::string>>(),
                            const Headers& headers = Headers(), const uint64_t timeout_ms = 0);
  Error GetTraceSettings(inference::TraceSettingResponse* settings, const std::string& model_name = "",
                         const Headers& headers = Headers(), const uint64_t timeout_ms = 0);

  // --- shared memory; an empty name stands for all regions ----------------------------------------------------

  Error SystemSharedMemoryStatus(inference::SystemSharedMemoryStatusResponse* status,
                                 const std::string& region_name = "", const Headers& headers = Headers(),
                                 const uint64_t timeout_ms = 0);
  Error RegisterSystemSharedMemory(const std::string& name, const std::string& key, const size_t byte_size,
                                   const size_t offset = 0, const Headers& headers = Headers(),
                                   const uint64_t timeout_ms = 0);
  Error UnregisterSystemSharedMemory(const std::string& name = "", const Headers& headers = Headers(),
                                     const uint64_t timeout_ms = 0);
  Error CudaSharedMemoryStatus(inference::CudaSharedMemoryStatusResponse* status, const std::string& region_name = "",
                               const Headers& headers = Headers(), const uint64_t timeout_ms = 0);
  Error RegisterCudaSharedMemory(const std::string& name, const cudaIpcMemHandle_t& cuda_shm_handle,
                                 const size_t device_id, const size_t byte_size, const Headers& headers = Headers(),
                                 const uint64_t timeout_ms = 0);
  Error UnregisterCudaSharedMemory(const std::string& name = "", const Headers& headers = Headers(),
                                   const uint64_t timeout_ms = 0);

  // --- inference ----------------------------------------------------------------------------------------------

  // *result is the caller's, also when the server refused the request: its RequestStatus() is the error returned. It is
  // null where no request could be made.
  Error Infer(InferResult** result, const InferOptions& options, const std::vector<InferInput*>& inputs,
              const std::vector<const InferRequestedOutput*>& outputs = std::vector<const InferRequestedOutput*>(),
              const Headers& headers = Headers(),
              const grpc_compression_algorithm compression_algorithm = GRPC_COMPRESS_NONE);

  // The inputs' data has been copied when this returns.
  Error AsyncInfer(OnCompleteFn callback, const InferOptions& options, const std::vector<InferInput*>& inputs,
                   const std::vector<const InferRequestedOutput*>& outputs = std::vector<const InferRequestedOutput*>(),
                   const Headers& headers = Headers(),
                   const grpc_compression_algorithm compression_algorithm = GRPC_COMPRESS_NONE);

  // One after the other, up to the first that fails. One element of `options` or `outputs` stands for all requests.
  Error InferMulti(std::vector<InferResult*>* results, const std::vector<InferOptions>& options,
                   const std::vector<std::vector<InferInput*>>& inputs,
                   const std::vector<std::vector<const InferRequestedOutput*>>& outputs =
                       std::vector<std::vector<const InferRequestedOutput*>>(),
                   const Headers& headers = Headers(),
                   const grpc_compression_algorithm compression_algorithm = GRPC_COMPRESS_NONE);

  // All at once; one callback with all results, in the order of `inputs`.
  Error AsyncInferMulti(OnMultiCompleteFn callback, const std::vector<InferOptions>& options,
                        const std::vector<std::vector<InferInput*>>& inputs,
                        const std::vector<std::vector<const InferRequestedOutput*>>& outputs =
                            std::vector<std::vector<const InferRequestedOutput*>>(),
                        const Headers& headers = Headers(),
                        const grpc_compression_algorithm compression_algorithm = GRPC_COMPRESS_NONE);

  // --- a stream of requests and responses, one at a time ------------------------------------------------------

  // `callback` gets each response on the stream's own thread, and a last result with an error if the stream ends with
  // one. With `enable_stats` responses are counted as answers to the requests in their order: not for decoupled models.
  // `stream_timeout`: microseconds for the whole stream; 0: none.
  Error StartStream(OnCompleteFn callback, bool enable_stats = true, uint32_t stream_timeout = 0,
                    const Headers& headers = Headers(),
                    const grpc_compression_algorithm compression_algorithm = GRPC_COMPRESS_NONE);

  // No more requests; returns after the last response. Not within the callback.
  Error StopStream();

  Error AsyncStreamInfer(
      const InferOptions& options, const std::vector<InferInput*>& inputs,
      const std::vector<const InferRequestedOutput*>& outputs = std::vector<const InferRequestedOutput*>());

 private:
  InferenceServerGrpcClient(bool verbose, std::shared_ptr<GrpcConnection> connection);

  template <typename Request, typename Response>
  Error Call(grpc::Status (inference::GRPCInferenceService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                           Response*),
             const Request& request, Response* response, const Headers& headers, uint64_t timeout_us);

  std::shared_ptr<InferStream> Stream() const;
  std::shared_ptr<InferStream> TakeStream();

  const std::shared_ptr<GrpcConnection> connection_;
  const std::shared_ptr<AsyncInferCalls> async_calls_;
  mutable std::mutex stream_mutex_;
  std::shared_ptr<InferStream> stream_;  // guarded by stream_mutex_
};

}  // namespace client
}  // namespace triton
