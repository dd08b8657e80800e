// The client's life, and its calls other than inference.
#include "http_client.h"

#include <cctype>
#include <cstring>
#include <iostream>
#include <utility>

#include "http/base64.h"
#include "http/connections.h"
#include "http/http_result.h"
#include "http/json_tensor.h"

namespace triton {
namespace client {
namespace {

std::string ModelPath(const std::string& name, const std::string& version) {
  return "v2/models/" + name + (version.empty() ? "" : "/versions/" + version);
}

// "v2/<kind>[/region/<name>]/<what>"
std::string RegionPath(const char* kind, const std::string& name, const char* what) {
  return std::string("v2/") + kind + (name.empty() ? "" : "/region/" + name) + "/" + what;
}

std::string TracePath(const std::string& model) {
  return model.empty() ? "v2/trace/setting" : "v2/models/" + model + "/trace/setting";
}

// An object, with what `write_members(writer)` writes.
template <typename WriteMembers>
std::string Json(WriteMembers write_members) {
  rapidjson::StringBuffer json;
  JsonWriter writer(json);
  writer.StartObject();
  write_members(&writer);
  writer.EndObject();
  return {json.GetString(), json.GetSize()};
}

Error Begin(HttpRequest* request, std::string url, const Headers& headers) {
  request->url = std::move(url);
  return request->AddHeaders(headers);
}

struct Address {
  std::string url, socket_path;
};

// "unix:PATH", or "unix:///PATH", may stand in place of host, port and path. Behind a host of that name is a port.
Address AddressOf(std::string url) {
  std::string scheme;
  for (const char* known : {"http://", "https://"}) {
    if (url.rfind(known, 0) == 0) scheme = known;
  }
  constexpr char kUnix[] = "unix:";
  const size_t path = scheme.size() + std::strlen(kUnix);
  if (url.compare(scheme.size(), std::strlen(kUnix), kUnix) == 0 && path < url.size() &&
      std::isdigit(static_cast<unsigned char>(url[path])) == 0)
    return {scheme + "localhost", url.substr(url.compare(path, 3, "///") == 0 ? path + 2 : path)};
  while (!url.empty() && url.back() == '/') url.pop_back();  // all paths begin with one
  return {std::move(url), ""};
}

}  // namespace

Error InferenceServerHttpClient::Create(std::unique_ptr<InferenceServerHttpClient>* client,
                                        const std::string& server_url, bool verbose,
                                        const HttpSslOptions& ssl_options) {
  if (server_url.empty()) return Error("server_url: expected \"host:port\", got nothing");
  Address address = AddressOf(server_url);
  std::unique_ptr<Connections> connections(new Connections{{ssl_options, std::move(address.socket_path)}, {}});
  client->reset(new InferenceServerHttpClient(std::move(address.url), verbose, std::move(connections)));
  return Error::Success;
}

InferenceServerHttpClient::InferenceServerHttpClient(std::string url, bool verbose,
                                                     std::unique_ptr<Connections> connections)
    : InferenceServerClient(verbose), url_(std::move(url)), connections_(std::move(connections)) {}

// A callback that is under way may still make calls.
InferenceServerHttpClient::~InferenceServerHttpClient() { connections_->worker->Stop(); }

std::string InferenceServerHttpClient::UrlOf(const std::string& path, const Parameters& query_params) const {
  std::string url = url_ + "/" + path;
  char before = '?';
  for (const auto& [name, value] : query_params) {
    url += before + name + "=" + value;
    before = '&';
  }
  return url;
}

namespace {

Error Answered(HandlePool* pool, Exchange* exchange, bool verbose, std::string* body) {
  pool->Perform(exchange);
  HttpAnswer& answer = exchange->answer();
  if (answer.outcome != CURLE_OK) return answer.TransportError();
  Error error;
  if (answer.status != 200)
    error = ServerError(answer, "the server answered with HTTP status " + std::to_string(answer.status));
  if (verbose) std::cout << answer.body << std::endl;
  if (body != nullptr) *body = std::move(answer.body);
  return error;
}

}  // namespace

Error InferenceServerHttpClient::Get(const std::string& path, const Headers& headers, const Parameters& query_params,
                                     std::string* body) {
  HttpRequest request;
  if (Error error = Begin(&request, UrlOf(path, query_params), headers); !error.IsOk()) return error;
  Exchange exchange(std::move(request), connections_->way, verbose_);
  return Answered(&connections_->pool, &exchange, verbose_, body);
}

Error InferenceServerHttpClient::Post(const std::string& path, const std::string& content, const Headers& headers,
                                      const Parameters& query_params, std::string* body) {
  HttpRequest request;
  if (Error error = Begin(&request, UrlOf(path, query_params), headers); !error.IsOk()) return error;
  request.post = true;
  request.head = content;
  request.headers.emplace_back("Expect:");
  if (headers.count("Content-Type") == 0) request.headers.emplace_back("Content-Type: application/json");
  Exchange exchange(std::move(request), connections_->way, verbose_);
  return Answered(&connections_->pool, &exchange, verbose_, body);
}

Error InferenceServerHttpClient::IsOkay(bool* okay, const std::string& path, const Headers& headers,
                                        const Parameters& query_params) {
  *okay = false;
  HttpRequest request;
  if (Error error = Begin(&request, UrlOf(path, query_params), headers); !error.IsOk()) return error;
  Exchange exchange(std::move(request), connections_->way, verbose_);
  connections_->pool.Perform(&exchange);
  *okay = exchange.answer().outcome == CURLE_OK && exchange.answer().status == 200;
  return exchange.answer().TransportError();
}

Error InferenceServerHttpClient::IsServerLive(bool* live, const Headers& headers, const Parameters& query_params) {
  return IsOkay(live, "v2/health/live", headers, query_params);
}

Error InferenceServerHttpClient::IsServerReady(bool* ready, const Headers& headers, const Parameters& query_params) {
  return IsOkay(ready, "v2/health/ready", headers, query_params);
}

Error InferenceServerHttpClient::IsModelReady(bool* ready, const std::string& model_name,
                                              const std::string& model_version, const Headers& headers,
                                              const Parameters& query_params) {
  return IsOkay(ready, ModelPath(model_name, model_version) + "/ready", headers, query_params);
}

Error InferenceServerHttpClient::ServerMetadata(std::string* server_metadata, const Headers& headers,
                                                const Parameters& query_params) {
  return Get("v2", headers, query_params, server_metadata);
}

Error InferenceServerHttpClient::ModelMetadata(std::string* model_metadata, const std::string& model_name,
                                               const std::string& model_version, const Headers& headers,
                                               const Parameters& query_params) {
  return Get(ModelPath(model_name, model_version), headers, query_params, model_metadata);
}

Error InferenceServerHttpClient::ModelConfig(std::string* model_config, const std::string& model_name,
                                             const std::string& model_version, const Headers& headers,
                                             const Parameters& query_params) {
  return Get(ModelPath(model_name, model_version) + "/config", headers, query_params, model_config);
}

Error InferenceServerHttpClient::ModelRepositoryIndex(std::string* repository_index, const Headers& headers,
                                                      const Parameters& query_params) {
  return Post("v2/repository/index", "", headers, query_params, repository_index);
}

Error InferenceServerHttpClient::LoadModel(const std::string& model_name, const Headers& headers,
                                           const Parameters& query_params, const std::string& config,
                                           const std::map<std::string, std::vector<char>>& files) {
  const std::string request = Json([&](JsonWriter* writer) {
    if (config.empty() && files.empty()) return;
    writer->Key("parameters");
    writer->StartObject();
    if (!config.empty()) {
      writer->Key("config");
      writer->String(config.data(), static_cast<rapidjson::SizeType>(config.size()));
    }
    for (const auto& [path, content] : files) {
      writer->Key(path.data(), static_cast<rapidjson::SizeType>(path.size()));
      const std::string text = Base64(content.data(), content.size());
      writer->String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
    }
    writer->EndObject();
  });
  return Post("v2/repository/models/" + model_name + "/load", request, headers, query_params);
}

Error InferenceServerHttpClient::UnloadModel(const std::string& model_name, const Headers& headers,
                                             const Parameters& query_params) {
  return Post("v2/repository/models/" + model_name + "/unload", "", headers, query_params);
}

Error InferenceServerHttpClient::ModelInferenceStatistics(std::string* infer_stat, const std::string& model_name,
                                                          const std::string& model_version, const Headers& headers,
                                                          const Parameters& query_params) {
  const std::string path = model_name.empty() ? "v2/models" : ModelPath(model_name, model_version);
  return Get(path + "/stats", headers, query_params, infer_stat);
}

Error InferenceServerHttpClient::UpdateTraceSettings(std::string* response, const std::string& model_name,
                                                     const std::map<std::string, std::vector<std::string>>& settings,
                                                     const Headers& headers, const Parameters& query_params) {
  const std::string request = Json([&](JsonWriter* writer) {
    const auto write = [writer](const std::string& text) { writer->String(text.data(), text.size()); };
    for (const auto& [name, values] : settings) {
      writer->Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
      if (values.empty()) {
        writer->Null();
      } else if (name != "trace_level") {
        write(values.front());
      } else {
        writer->StartArray();
        for (const std::string& value : values) write(value);
        writer->EndArray();
      }
    }
  });
  return Post(TracePath(model_name), request, headers, query_params, response);
}

Error InferenceServerHttpClient::GetTraceSettings(std::string* settings, const std::string& model_name,
                                                  const Headers& headers, const Parameters& query_params) {
  return Get(TracePath(model_name), headers, query_params, settings);
}

Error InferenceServerHttpClient::SystemSharedMemoryStatus(std::string* status, const std::string& region_name,
                                                          const Headers& headers, const Parameters& query_params) {
  return Get(RegionPath("systemsharedmemory", region_name, "status"), headers, query_params, status);
}

Error InferenceServerHttpClient::RegisterSystemSharedMemory(const std::string& name, const std::string& key,
                                                            const size_t byte_size, const size_t offset,
                                                            const Headers& headers, const Parameters& query_params) {
  const std::string request = Json([&](JsonWriter* writer) {
    writer->Key("key");
    writer->String(key.data(), static_cast<rapidjson::SizeType>(key.size()));
    writer->Key("offset");
    writer->Uint64(offset);
    writer->Key("byte_size");
    writer->Uint64(byte_size);
  });
  return Post(RegionPath("systemsharedmemory", name, "register"), request, headers, query_params);
}

Error InferenceServerHttpClient::UnregisterSystemSharedMemory(const std::string& name, const Headers& headers,
                                                              const Parameters& query_params) {
  return Post(RegionPath("systemsharedmemory", name, "unregister"), "", headers, query_params);
}

Error InferenceServerHttpClient::CudaSharedMemoryStatus(std::string* status, const std::string& region_name,
                                                        const Headers& headers, const Parameters& query_params) {
  return Get(RegionPath("cudasharedmemory", region_name, "status"), headers, query_params, status);
}

Error InferenceServerHttpClient::RegisterCudaSharedMemory(const std::string& name,
                                                          const cudaIpcMemHandle_t& cuda_shm_handle,
                                                          const size_t device_id, const size_t byte_size,
                                                          const Headers& headers, const Parameters& query_params) {
  const std::string request = Json([&](JsonWriter* writer) {
    writer->Key("raw_handle");
    writer->StartObject();
    writer->Key("b64");
    const std::string handle = Base64(&cuda_shm_handle, sizeof cuda_shm_handle);
    writer->String(handle.data(), static_cast<rapidjson::SizeType>(handle.size()));
    writer->EndObject();
    writer->Key("device_id");
    writer->Uint64(device_id);
    writer->Key("byte_size");
    writer->Uint64(byte_size);
  });
  return Post(RegionPath("cudasharedmemory", name, "register"), request, headers, query_params);
}

Error InferenceServerHttpClient::UnregisterCudaSharedMemory(const std::string& name, const Headers& headers,
                                                            const Parameters& query_params) {
  return Post(RegionPath("cudasharedmemory", name, "unregister"), "", headers, query_params);
}

}  // namespace client
}  // namespace triton
