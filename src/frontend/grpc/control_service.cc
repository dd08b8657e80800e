#include "frontend/grpc/control_service.h"

#include "frontend/grpc/infer_request.h"

namespace neso {
namespace {

Status NoRepositoryName(const std::string& name) {
  return name.empty() ? Status() : Unsupported("'repository_name' specification is not supported");
}

Expected<LoadParameter> ToLoadParameter(const std::string& name, const inference::ModelRepositoryParameter& value) {
  const auto wrong = [&name](const char* expected) {
    return InvalidArg("invalid value type for load parameter '{}', expected {}.", name, expected);
  };
  if (name == "config") {
    if (!value.has_string_param()) return wrong("string_param");
    return LoadParameter{.name = name, .is_bytes = false, .value = value.string_param()};
  }
  if (name.starts_with("file:")) {
    if (!value.has_bytes_param()) return wrong("bytes_param");
    return LoadParameter{.name = name, .is_bytes = true, .value = value.bytes_param()};
  }
  return InvalidArg("unrecognized load parameter '{}'.", name);
}

bool IsReady(const Readiness& readiness) { return readiness.ok() && !readiness->has_value(); }

}  // namespace

Status ControlService::ServerLive(const inference::ServerLiveRequest&, inference::ServerLiveResponse& response) {
  ASSIGN_OR_RETURN(const bool live, server_.IsLive());
  response.set_live(live);
  return {};
}

void ControlService::ServerReady(const inference::ServerReadyRequest&, Answer<inference::ServerReadyResponse> answer) {
  server_.AskReady([answer = std::move(answer)](const Readiness& ready) {
    inference::ServerReadyResponse response;
    response.set_ready(IsReady(ready));
    answer(ready.status(), response);
  });
}

void ControlService::Check(const grpc::health::v1::HealthCheckRequest&,
                           Answer<grpc::health::v1::HealthCheckResponse> answer) {
  server_.AskReady([answer = std::move(answer)](const Readiness& ready) {
    grpc::health::v1::HealthCheckResponse response;
    response.set_status(IsReady(ready) ? grpc::health::v1::HealthCheckResponse::SERVING
                                       : grpc::health::v1::HealthCheckResponse::NOT_SERVING);
    answer(ready.status(), response);
  });
}

void ControlService::ModelReady(const inference::ModelReadyRequest& request,
                                Answer<inference::ModelReadyResponse> answer) {
  const Expected<int64_t> version = ParseModelVersion(request.version());
  if (!version) return answer(version.error(), {});
  server_.AskModelReady(request.name(), *version, [this, answer = std::move(answer)](const Readiness& ready) {
    inference::ModelReadyResponse response;
    response.set_ready(IsReady(ready));
    // Clients poll until a model is ready that is not there yet; only a server that ends has no answer for them.
    answer(server_.IsStopping() ? ready.status() : Status(), response);
  });
}

void ControlService::ModelConfig(const inference::ModelConfigRequest& request,
                                 Answer<inference::ModelConfigResponse> answer) {
  const Expected<int64_t> version = ParseModelVersion(request.version());
  if (!version) return answer(version.error(), {});
  server_.WithModel(request.name(), *version, [answer = std::move(answer)](const Expected<ModelHandle>& model) {
    inference::ModelConfigResponse response;
    if (model) *response.mutable_config() = (*model)->config();
    answer(model.status(), response);
  });
}

Status ControlService::RepositoryIndex(const inference::RepositoryIndexRequest& request,
                                       inference::RepositoryIndexResponse& response) {
  RETURN_IF_ERROR(NoRepositoryName(request.repository_name()));
  ASSIGN_OR_RETURN(const std::vector<ModelIndexEntry> index, server_.Index(request.ready()));
  for (const ModelIndexEntry& entry : index) {
    inference::RepositoryIndexResponse::ModelIndex& model = *response.add_models();
    model.set_name(entry.name);
    if (entry.version >= 0) model.set_version(std::to_string(entry.version));
    // A model that was never loaded has only its name.
    if (entry.version >= 0 || entry.state != ModelState::kUnknown) model.set_state(ModelStateName(entry.state));
    model.set_reason(entry.reason);
  }
  return {};
}

Status ControlService::RepositoryModelLoad(const inference::RepositoryModelLoadRequest& request,
                                           inference::RepositoryModelLoadResponse&) {
  RETURN_IF_ERROR(NoRepositoryName(request.repository_name()));
  std::vector<LoadParameter> parameters;
  for (const auto& [name, value] : request.parameters()) {
    ASSIGN_OR_RETURN(LoadParameter parameter, ToLoadParameter(name, value));
    parameters.push_back(std::move(parameter));
  }
  if (access_ != nullptr) RETURN_IF_ERROR(access_->CheckLoad(parameters));
  return server_.LoadModel(request.model_name(), parameters);
}

Status ControlService::RepositoryModelUnload(const inference::RepositoryModelUnloadRequest& request,
                                             inference::RepositoryModelUnloadResponse&) {
  RETURN_IF_ERROR(NoRepositoryName(request.repository_name()));
  bool unload_dependents = false;
  if (const auto found = request.parameters().find("unload_dependents"); found != request.parameters().end()) {
    if (!found->second.has_bool_param()) {
      return InvalidArg("invalid value type for 'unload_dependents' parameter, expected bool_param.");
    }
    unload_dependents = found->second.bool_param();
  }
  return server_.UnloadModel(request.model_name(), unload_dependents);
}

}  // namespace neso
