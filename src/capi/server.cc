// The server: its life, its models and inference.
#include "base/inline_host.h"
#include "capi/handles.h"
#include "capi/parameter.h"
#include "core/trace.h"

using neso::ApiCall;
using neso::InferenceServer;
using neso::Parameter;
using neso::ServerOf;
using neso::Status;

namespace {

// "config" with text, or "file:<path>" with bytes.
neso::Expected<std::vector<neso::LoadParameter>> LoadParametersFrom(const TRITONSERVER_Parameter** parameters,
                                                                    uint64_t count) {
  if (parameters == nullptr && count != 0) return neso::InvalidArg("null load parameters");
  std::vector<neso::LoadParameter> converted;
  for (uint64_t i = 0; i < count; ++i) {
    if (parameters[i] == nullptr) return neso::InvalidArg("load parameter {} is null", i);
    const Parameter& parameter = *static_cast<const Parameter*>(parameters[i]);
    if (const std::string* text = parameter.text()) {
      converted.push_back({parameter.name(), false, *text});
    } else if (const Parameter::Bytes* bytes = parameter.bytes()) {
      converted.push_back({parameter.name(), true, std::string(static_cast<const char*>(bytes->base), bytes->size)});
    } else {
      return neso::InvalidArg("Unrecognized load parameter '{}' with type '{}'", parameter.name(),
                              TRITONSERVER_ParameterTypeString(parameter.type()));
    }
  }
  return converted;
}

}  // namespace

TRITONSERVER_Error* TRITONSERVER_ServerNew(TRITONSERVER_Server** server, TRITONSERVER_ServerOptions* options) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server, options);
    ASSIGN_OR_RETURN(std::unique_ptr<InferenceServer> started, InferenceServer::Start(neso::OptionsOf(options)));
    *server = started.release();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerDelete(TRITONSERVER_Server* server) {
  return ApiCall([&]() -> Status {
    if (server == nullptr) return {};
    // A server that does not stop is in use; it stays.
    RETURN_IF_ERROR(ServerOf(server).Stop());
    delete static_cast<InferenceServer*>(server);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerStop(TRITONSERVER_Server* server) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server);
    return ServerOf(server).Stop();
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerSetExitTimeout(TRITONSERVER_Server* server, unsigned int timeout) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server);
    ServerOf(server).SetExitTimeout(timeout);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerInferAsync(TRITONSERVER_Server* server,
                                                  TRITONSERVER_InferenceRequest* inference_request,
                                                  TRITONSERVER_InferenceTrace* trace) {
  return ApiCall([&]() -> Status {
    auto* taken = static_cast<neso::InferenceTrace*>(trace);
    if (server == nullptr || inference_request == nullptr) {
      if (taken != nullptr) neso::InferenceTrace::Release(taken);
      return neso::InvalidArg("TRITONSERVER_ServerInferAsync: unexpected null argument");
    }
    // The caller's thread is not ours to run models on.
    const neso::NoInlineScope no_inline;
    std::unique_ptr<neso::InferenceRequest> request(static_cast<neso::InferenceRequest*>(inference_request));
    Status submitted = neso::InferenceRequest::Submit(request, taken);
    // On error it is the caller's again.
    static_cast<void>(request.release());
    return submitted;
  });
}

// --- models ----------------------------------------------------------------------------------------------------------

TRITONSERVER_Error* TRITONSERVER_ServerLoadModel(TRITONSERVER_Server* server, const char* model_name) {
  return TRITONSERVER_ServerLoadModelWithParameters(server, model_name, nullptr, 0);
}

TRITONSERVER_Error* TRITONSERVER_ServerLoadModelWithParameters(TRITONSERVER_Server* server, const char* model_name,
                                                               const TRITONSERVER_Parameter** parameters,
                                                               const uint64_t parameter_count) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server, model_name);
    ASSIGN_OR_RETURN(const auto converted, LoadParametersFrom(parameters, parameter_count));
    return ServerOf(server).LoadModel(model_name, converted);
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerUnloadModel(TRITONSERVER_Server* server, const char* model_name) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server, model_name);
    return ServerOf(server).UnloadModel(model_name, false);
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerUnloadModelAndDependents(TRITONSERVER_Server* server, const char* model_name) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server, model_name);
    return ServerOf(server).UnloadModel(model_name, true);
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerRegisterModelRepository(TRITONSERVER_Server* server, const char* repository_path,
                                                               const TRITONSERVER_Parameter** name_mapping,
                                                               const uint32_t mapping_count) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server, repository_path);
    if (name_mapping == nullptr && mapping_count != 0) return neso::InvalidArg("null name mapping");
    std::map<std::string, std::string> mapping;
    for (uint32_t i = 0; i < mapping_count; ++i) {
      const auto* parameter = static_cast<const Parameter*>(name_mapping[i]);
      if (parameter == nullptr || parameter->text() == nullptr) {
        return neso::InvalidArg("failed to register '{}', a name mapping must be a STRING parameter", repository_path);
      }
      if (!mapping.emplace(parameter->name(), *parameter->text()).second) {
        return neso::InvalidArg("failed to register '{}', there is a conflicting mapping for '{}'", repository_path,
                                parameter->name());
      }
    }
    return ServerOf(server).RegisterRepository(repository_path, mapping);
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerUnregisterModelRepository(TRITONSERVER_Server* server,
                                                                 const char* repository_path) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server, repository_path);
    return ServerOf(server).UnregisterRepository(repository_path);
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerPollModelRepository(TRITONSERVER_Server* server) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server);
    // The caller chose the moment, and finds afterwards what the repository holds now.
    return ServerOf(server).PollRepository(neso::PollCare::kAtOnce);
  });
}
