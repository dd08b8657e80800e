// Breaks the rules of the interface, as the model's name says; the server has to survive it.
//   lying_twice     sends a second response after the final one
//   lying_error     answers and releases everything, then says that it failed
//   lying_silent    releases its requests without any answer
//   lying_output    adds an output twice, allocates it twice, asks for inputs that are not there
//   lying_null      passes null where the interface wants something
// Any other model answers OUT = IN.
#include "../common/plugin.h"

namespace {

// Every one of these must come back as an error.
bool NullsAreRefused(TRITONBACKEND_Request* request) {
  const char* text = nullptr;
  uint32_t count = 0;
  TRITONBACKEND_Response* response = nullptr;
  TRITONSERVER_Error* errors[] = {
      TRITONBACKEND_RequestId(nullptr, &text),
      TRITONBACKEND_RequestId(request, nullptr),
      TRITONBACKEND_RequestInputCount(nullptr, &count),
      TRITONBACKEND_ResponseNew(&response, nullptr),
      TRITONBACKEND_ResponseSend(nullptr, 0, nullptr),
      TRITONBACKEND_RequestRelease(nullptr, TRITONSERVER_REQUEST_RELEASE_ALL),
      TRITONBACKEND_ModelInstanceReportStatistics(nullptr, request, true, 0, 0, 0, 0),
  };
  bool all = true;
  for (TRITONSERVER_Error* error : errors) {
    all = all && error != nullptr;
    plugin::Ignore(error);
  }
  return all;
}

// The same for things that are not there.
bool StraysAreRefused(TRITONBACKEND_Request* request) {
  TRITONBACKEND_Input* input = nullptr;
  const char* text = nullptr;
  TRITONSERVER_Error* errors[] = {
      TRITONBACKEND_RequestInput(request, "NOT_THERE", &input),
      TRITONBACKEND_RequestInputByIndex(request, 99, &input),
      TRITONBACKEND_RequestInputName(request, 99, &text),
      TRITONBACKEND_RequestOutputName(request, 99, &text),
  };
  bool all = true;
  for (TRITONSERVER_Error* error : errors) {
    all = all && error != nullptr;
    plugin::Ignore(error);
  }
  return all;
}

TRITONSERVER_Error* AnswerWithOutputTwice(TRITONBACKEND_Request* request, const plugin::Tensor& in) {
  TRITONBACKEND_Response* response = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_ResponseNew(&response, request));
  TRITONBACKEND_Output* output = nullptr;
  plugin::Ignore(TRITONBACKEND_ResponseOutput(response, &output, "OUT", TRITONSERVER_TYPE_INT32, in.shape, in.dims));
  TRITONBACKEND_Output* again = nullptr;
  plugin::Ignore(TRITONBACKEND_ResponseOutput(response, &again, "OUT", TRITONSERVER_TYPE_INT32, in.shape, in.dims));
  void* buffer = nullptr;
  void* second = nullptr;
  TRITONSERVER_MemoryType memory_type = TRITONSERVER_MEMORY_GPU;
  int64_t memory_type_id = 7;
  RETURN_IF_API_ERROR(TRITONBACKEND_OutputBuffer(output, &buffer, sizeof(int32_t), &memory_type, &memory_type_id));
  TRITONSERVER_Error* refused = TRITONBACKEND_OutputBuffer(output, &second, 1 << 20, &memory_type, &memory_type_id);
  const int32_t value = refused != nullptr && StraysAreRefused(request) ? in.value : -1;
  plugin::Ignore(refused);
  std::memcpy(buffer, &value, sizeof(value));
  return TRITONBACKEND_ResponseSend(response, TRITONSERVER_RESPONSE_COMPLETE_FINAL, nullptr);
}

}  // namespace

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance* instance,
                                                       TRITONBACKEND_Request** requests, const uint32_t request_count) {
  const std::string name = plugin::ModelName(instance);
  for (uint32_t i = 0; i < request_count; ++i) {
    plugin::Tensor in;
    RETURN_IF_API_ERROR(plugin::ReadInput(requests[i], &in));
    if (plugin::NameContains(name, "lying_output")) {
      plugin::Ignore(AnswerWithOutputTwice(requests[i], in));
    } else if (plugin::NameContains(name, "lying_null")) {
      plugin::Ignore(plugin::Answer(requests[i], in, NullsAreRefused(requests[i]) ? in.value : -1));
    } else if (!plugin::NameContains(name, "lying_silent")) {
      plugin::Ignore(plugin::Answer(requests[i], in, in.value));
    }
    if (plugin::NameContains(name, "lying_twice")) plugin::Ignore(plugin::Answer(requests[i], in, in.value + 1));
    plugin::Release(requests[i]);
  }
  if (plugin::NameContains(name, "lying_error")) {
    return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_INTERNAL, "failed on purpose, after answering");
  }
  return nullptr;
}
