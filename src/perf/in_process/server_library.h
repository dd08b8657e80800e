// A libtritonserver.so, Neso's or Triton's: what a load within the process calls of its C interface.
//
//   ASSIGN_OR_RETURN(const ServerLibrary library, ServerLibrary::Open("/opt/tritonserver/lib/libtritonserver.so"));
//   RETURN_IF_ERROR(library.StatusOf(library->ServerDelete(server)));
#pragma once

#include <string>

#include "base/status.h"
#include "triton/core/tritonserver.h"

namespace neso::perf {

#define NESO_PERF_SERVER_FUNCTIONS(FUNCTION)    \
  FUNCTION(ApiVersion)                          \
  FUNCTION(DataTypeString)                      \
  FUNCTION(ErrorDelete)                         \
  FUNCTION(ErrorMessage)                        \
  FUNCTION(ErrorNew)                            \
  FUNCTION(InferenceRequestAddInput)            \
  FUNCTION(InferenceRequestAppendInputData)     \
  FUNCTION(InferenceRequestDelete)              \
  FUNCTION(InferenceRequestNew)                 \
  FUNCTION(InferenceRequestSetBoolParameter)    \
  FUNCTION(InferenceRequestSetCorrelationId)    \
  FUNCTION(InferenceRequestSetFlags)            \
  FUNCTION(InferenceRequestSetIntParameter)     \
  FUNCTION(InferenceRequestSetReleaseCallback)  \
  FUNCTION(InferenceRequestSetResponseCallback) \
  FUNCTION(InferenceRequestSetStringParameter)  \
  FUNCTION(InferenceResponseDelete)             \
  FUNCTION(InferenceResponseError)              \
  FUNCTION(InferenceResponseOutput)             \
  FUNCTION(InferenceResponseOutputCount)        \
  FUNCTION(MessageDelete)                       \
  FUNCTION(MessageSerializeToJson)              \
  FUNCTION(ResponseAllocatorDelete)             \
  FUNCTION(ResponseAllocatorNew)                \
  FUNCTION(ServerDelete)                        \
  FUNCTION(ServerInferAsync)                    \
  FUNCTION(ServerIsReady)                       \
  FUNCTION(ServerModelConfig)                   \
  FUNCTION(ServerModelMetadata)                 \
  FUNCTION(ServerModelStatistics)               \
  FUNCTION(ServerNew)                           \
  FUNCTION(ServerOptionsDelete)                 \
  FUNCTION(ServerOptionsNew)                    \
  FUNCTION(ServerOptionsSetBackendDirectory)    \
  FUNCTION(ServerOptionsSetExitOnError)         \
  FUNCTION(ServerOptionsSetLogInfo)             \
  FUNCTION(ServerOptionsSetMetrics)             \
  FUNCTION(ServerOptionsSetModelLoadRetryCount) \
  FUNCTION(ServerOptionsSetModelRepositoryPath) \
  FUNCTION(ServerOptionsSetRepoAgentDirectory)  \
  FUNCTION(ServerOptionsSetStrictModelConfig)   \
  FUNCTION(ServerOptionsSetStrictReadiness)     \
  FUNCTION(StringToDataType)

// By their names without "TRITONSERVER_".
struct ServerFunctions {
#define NESO_PERF_MEMBER(name) decltype(&TRITONSERVER_##name) name = nullptr;
  NESO_PERF_SERVER_FUNCTIONS(NESO_PERF_MEMBER)
#undef NESO_PERF_MEMBER
};

// A value; copies mean the same library, which stays open.
class ServerLibrary {
 public:
  // Errors: kNotFound with the loader's reason, for a function that is missing, too; kUnsupported for another major
  // version of the interface, or an older minor one.
  static Expected<ServerLibrary> Open(const std::string& path);

  const ServerFunctions* operator->() const { return &functions_; }
  // kUnavailable with the text of `error`, which it takes; null is no error.
  Status StatusOf(TRITONSERVER_Error* error) const;
  // What cannot be deleted stays.
  void Discard(TRITONSERVER_Error* error) const { static_cast<void>(StatusOf(error)); }

 private:
  ServerFunctions functions_;
};

}  // namespace neso::perf
