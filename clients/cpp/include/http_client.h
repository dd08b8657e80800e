// The client for KServe v2 over HTTP.
//
//   std::unique_ptr<tc::InferenceServerHttpClient> client;
//   tc::InferenceServerHttpClient::Create(&client, "localhost:8000");
//   tc::InferResult* result;
//   tc::Error error = client->Infer(&result, tc::InferOptions("digits"), {input});
//
// Every call may be made from any thread; a call uses a connection that is idle, or opens one.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common.h"
#include "ipc.h"

namespace triton {
namespace client {

typedef std::map<std::string, std::string> Headers;
typedef std::map<std::string, std::string> Parameters;

// TLS, for servers whose URL begins with "https://". Paths are of files.
struct HttpSslOptions {
  enum CERTTYPE { CERT_PEM = 0, CERT_DER = 1 };
  enum KEYTYPE { KEY_PEM = 0, KEY_DER = 1 };

  long verify_peer = 1L;  // 0: any certificate will do
  long verify_host = 2L;  // 0: of any name
  std::string ca_info;    // empty: the system's authorities
  CERTTYPE cert_type = CERTTYPE::CERT_PEM;
  std::string cert;
  KEYTYPE key_type = KEYTYPE::KEY_PEM;
  std::string key;
};

class InferenceServerHttpClient : public InferenceServerClient {
 public:
  enum class CompressionType { NONE, DEFLATE, GZIP };

  // `server_url`: "host:port", before it "http://" or "https://", behind it a path that all requests begin with. In
  // place of host, port and path "unix:PATH": the server's socket in the file system, where TLS is that of "localhost".
  static Error Create(std::unique_ptr<InferenceServerHttpClient>* client, const std::string& server_url,
                      bool verbose = false, const HttpSslOptions& ssl_options = HttpSslOptions());

  // Requests of AsyncInfer() that have not completed are dropped; their callbacks are not called. A callback that runs
  // is waited for, unless it is what destroys the client.
  ~InferenceServerHttpClient() override;

  // --- bodies without a connection ----------------------------------------------------------------------------

  // JSON of *header_length bytes, then the tensors.
  static Error GenerateRequestBody(
      std::vector<char>* request_body, size_t* header_length, const InferOptions& options,
      const std::vector<InferInput*>& inputs,
      const std::vector<const InferRequestedOutput*>& outputs = std::vector<const InferRequestedOutput*>());

  // Takes the body for a successful answer's. `header_length` 0: it is JSON alone.
  static Error ParseResponseBody(InferResult** result, const std::vector<char>& response_body,
                                 size_t header_length = 0);

  // --- health and metadata; texts that come back are the server's JSON ----------------------------------------

  Error IsServerLive(bool* live, const Headers& headers = Headers(), const Parameters& query_params = Parameters());
  Error IsServerReady(bool* ready, const Headers& headers = Headers(), const Parameters& query_params = Parameters());
  Error IsModelReady(bool* ready, const std::string& model_name, const std::string& model_version = "",
                     const Headers& headers = Headers(), const Parameters& query_params = Parameters());
  Error ServerMetadata(std::string* server_metadata, const Headers& headers = Headers(),
                       const Parameters& query_params = Parameters());
  Error ModelMetadata(std::string* model_metadata, const std::string& model_name, const std::string& model_version = "",
                      const Headers& headers = Headers(), const Parameters& query_params = Parameters());
  Error ModelConfig(std::string* model_config, const std::string& model_name, const std::string& model_version = "",
                    const Headers& headers = Headers(), const Parameters& query_params = Parameters());

  // --- models -------------------------------------------------------------------------------------------------

  Error ModelRepositoryIndex(std::string* repository_index, const Headers& headers = Headers(),
                             const Parameters& query_params = Parameters());
  // `config`: JSON in place of the model's configuration. `files`: "file:<path>" to content, in place of its folder.
  Error LoadModel(const std::string& model_name, const Headers& headers = Headers(),
                  const Parameters& query_params = Parameters(), const std::string& config = std::string(),
                  const std::map<std::string, std::vector<char>>& files = {});
  Error UnloadModel(const std::string& model_name, const Headers& headers = Headers(),
                    const Parameters& query_params = Parameters());
  Error ModelInferenceStatistics(std::string* infer_stat, const std::string& model_name = "",
                                 const std::string& model_version = "", const Headers& headers = Headers(),
                                 const Parameters& query_params = Parameters());

  // --- tracing; a setting without values is cleared -----------------------------------------------------------

  Error UpdateTraceSettings(std::string* response, const std::string& model_name = "",
                            const std::map<std::string, std::vector<std::string>>& settings =
                                std::map<std::string, std::vector<std::string>>(),
                            const Headers& headers = Headers(), const Parameters& query_params = Parameters());
  Error GetTraceSettings(std::string* settings, const std::string& model_name = "", const Headers& headers = Headers(),
                         const Parameters& query_params = Parameters());

  // --- shared memory; an empty name stands for all regions ----------------------------------------------------

  Error SystemSharedMemoryStatus(std::string* status, const std::string& region_name = "",
                                 const Headers& headers = Headers(), const Parameters& query_params = Parameters());
  Error RegisterSystemSharedMemory(const std::string& name, const std::string& key, const size_t byte_size,
                                   const size_t offset = 0, const Headers& headers = Headers(),
                                   const Parameters& query_params = Parameters());
  Error UnregisterSystemSharedMemory(const std::string& name = "", const Headers& headers = Headers(),
                                     const Parameters& query_params = Parameters());
  Error CudaSharedMemoryStatus(std::string* status, const std::string& region_name = "",
                               const Headers& headers = Headers(), const Parameters& query_params = Parameters());
  Error RegisterCudaSharedMemory(const std::string& name, const cudaIpcMemHandle_t& cuda_shm_handle,
                                 const size_t device_id, const size_t byte_size, const Headers& headers = Headers(),
                                 const Parameters& query_params = Parameters());
  Error UnregisterCudaSharedMemory(const std::string& name = "", const Headers& headers = Headers(),
                                   const Parameters& query_params = Parameters());

  // --- inference ----------------------------------------------------------------------------------------------

  // *result is the caller's, also when the server refused the request: its RequestStatus() is the error returned. It is
  // null where no request could be made.
  Error Infer(InferResult** result, const InferOptions& options, const std::vector<InferInput*>& inputs,
              const std::vector<const InferRequestedOutput*>& outputs = std::vector<const InferRequestedOutput*>(),
              const Headers& headers = Headers(), const Parameters& query_params = Parameters(),
              const CompressionType request_compression_algorithm = CompressionType::NONE,
              const CompressionType response_compression_algorithm = CompressionType::NONE);

  // The inputs' data stays in place until the callback.
  Error AsyncInfer(OnCompleteFn callback, const InferOptions& options, const std::vector<InferInput*>& inputs,
                   const std::vector<const InferRequestedOutput*>& outputs = std::vector<const InferRequestedOutput*>(),
                   const Headers& headers = Headers(), const Parameters& query_params = Parameters(),
                   const CompressionType request_compression_algorithm = CompressionType::NONE,
                   const CompressionType response_compression_algorithm = CompressionType::NONE);

  // One after the other, up to the first that fails. One element of `options` or `outputs` stands for all requests.
  Error InferMulti(std::vector<InferResult*>* results, const std::vector<InferOptions>& options,
                   const std::vector<std::vector<InferInput*>>& inputs,
                   const std::vector<std::vector<const InferRequestedOutput*>>& outputs =
                       std::vector<std::vector<const InferRequestedOutput*>>(),
                   const Headers& headers = Headers(), const Parameters& query_params = Parameters(),
                   const CompressionType request_compression_algorithm = CompressionType::NONE,
                   const CompressionType response_compression_algorithm = CompressionType::NONE);

  // All at once; one callback with all results, in the order of `inputs`.
  Error AsyncInferMulti(OnMultiCompleteFn callback, const std::vector<InferOptions>& options,
                        const std::vector<std::vector<InferInput*>>& inputs,
                        const std::vector<std::vector<const InferRequestedOutput*>>& outputs =
                            std::vector<std::vector<const InferRequestedOutput*>>(),
                        const Headers& headers = Headers(), const Parameters& query_params = Parameters(),
                        const CompressionType request_compression_algorithm = CompressionType::NONE,
                        const CompressionType response_compression_algorithm = CompressionType::NONE);

 private:
  struct Connections;

  InferenceServerHttpClient(std::string url, bool verbose, std::unique_ptr<Connections> connections);

  // The answer's body in *body, whatever its status, if `body` is given; the error that the answer tells.
  Error Get(const std::string& path, const Headers& headers, const Parameters& query_params, std::string* body);
  Error Post(const std::string& path, const std::string& request, const Headers& headers,
             const Parameters& query_params, std::string* body = nullptr);
  Error IsOkay(bool* okay, const std::string& path, const Headers& headers, const Parameters& query_params);
  std::string UrlOf(const std::string& path, const Parameters& query_params) const;

  const std::string url_;
  const std::unique_ptr<Connections> connections_;
};

}  // namespace client
}  // namespace triton
