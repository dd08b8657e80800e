// Answers OUT = IN (an error for a negative IN), and on the way takes everything that the backend's side of the
// interface hands out. What is the plug-in's it deletes, as soon as the table of owners allows; what is the server's it
// only reads. A sanitizer sees each mistake on either side.
#include "../common/plugin.h"

namespace {

TRITONSERVER_Error* Fail(const char* text) { return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_INTERNAL, text); }

// Reads a message to its end.
TRITONSERVER_Error* Read(TRITONSERVER_Message* message, std::string* json) {
  const char* base = nullptr;
  size_t size = 0;
  RETURN_IF_API_ERROR(TRITONSERVER_MessageSerializeToJson(message, &base, &size));
  json->assign(base, size);
  return json->empty() ? Fail("an empty message") : nullptr;
}

// The server's: the same one each time.
template <typename Owner>
TRITONSERVER_Error* BorrowMessage(TRITONSERVER_Error* (*get)(Owner*, TRITONSERVER_Message**), Owner* owner) {
  TRITONSERVER_Message* first = nullptr;
  TRITONSERVER_Message* second = nullptr;
  RETURN_IF_API_ERROR(get(owner, &first));
  RETURN_IF_API_ERROR(get(owner, &second));
  if (first != second) return Fail("a message that is the server's was made anew");
  std::string json;
  return Read(first, &json);
}

// Reports memory with attributes that are gone when the report is over.
template <typename Reporter>
TRITONSERVER_Error* ReportMemory(TRITONSERVER_Error* (*report)(Reporter*, TRITONSERVER_BufferAttributes**, uint32_t),
                                 Reporter* reporter, size_t byte_size) {
  TRITONSERVER_BufferAttributes* usage = nullptr;
  RETURN_IF_API_ERROR(TRITONSERVER_BufferAttributesNew(&usage));
  RETURN_IF_API_ERROR(TRITONSERVER_BufferAttributesSetByteSize(usage, byte_size));
  RETURN_IF_API_ERROR(report(reporter, &usage, 1));
  return TRITONSERVER_BufferAttributesDelete(usage);
}

// The plug-in's: made anew each time. What completes the configuration stays the plug-in's too.
TRITONSERVER_Error* CompleteConfig(TRITONBACKEND_Model* model) {
  TRITONSERVER_Message* config = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelConfig(model, 1, &config));
  std::string json;
  RETURN_IF_API_ERROR(Read(config, &json));
  RETURN_IF_API_ERROR(TRITONSERVER_MessageDelete(config));
  TRITONSERVER_Message* completed = nullptr;
  RETURN_IF_API_ERROR(TRITONSERVER_MessageNewFromSerializedJson(&completed, json.data(), json.size()));
  json.assign(json.size(), ' ');  // copied above
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelSetConfig(model, 1, completed));
  return TRITONSERVER_MessageDelete(completed);
}

TRITONSERVER_Error* TakeMemory(TRITONBACKEND_Backend* backend) {
  TRITONBACKEND_MemoryManager* manager = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_BackendMemoryManager(backend, &manager));
  void* buffer = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_MemoryManagerAllocate(manager, &buffer, TRITONSERVER_MEMORY_CPU, 0, 64));
  std::memset(buffer, 0, 64);
  return TRITONBACKEND_MemoryManagerFree(manager, buffer, TRITONSERVER_MEMORY_CPU, 0);
}

// What belongs to the request is read and left alone.
TRITONSERVER_Error* ReadRequest(TRITONBACKEND_Request* request) {
  const char* id = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_RequestId(request, &id));
  TRITONSERVER_InferenceTrace* trace = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_RequestTrace(request, &trace));
  if (trace != nullptr) {
    const char* model = nullptr;
    RETURN_IF_API_ERROR(TRITONSERVER_InferenceTraceModelName(trace, &model));
    TRITONSERVER_InferenceTrace* child = nullptr;  // the plug-in's until an inference takes it
    RETURN_IF_API_ERROR(TRITONSERVER_InferenceTraceSpawnChildTrace(trace, &child));
    RETURN_IF_API_ERROR(TRITONSERVER_InferenceTraceDelete(child));
  }
  TRITONBACKEND_Input* input = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_RequestInputByIndex(request, 0, &input));
  const void* buffer = nullptr;
  TRITONSERVER_BufferAttributes* attributes = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_InputBufferAttributes(input, 0, &buffer, &attributes));
  size_t byte_size = 0;
  RETURN_IF_API_ERROR(TRITONSERVER_BufferAttributesByteSize(attributes, &byte_size));
  return byte_size == sizeof(int32_t) ? nullptr : Fail("IN is not four bytes");
}

// The report takes a copy of the error; factory and report are the plug-in's.
TRITONSERVER_Error* ReportResponse(TRITONBACKEND_ModelInstance* instance, TRITONBACKEND_Request* request) {
  TRITONBACKEND_ResponseFactory* factory = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_ResponseFactoryNew(&factory, request));
  TRITONBACKEND_ModelInstanceResponseStatistics* report = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceResponseStatisticsNew(&report));
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceResponseStatisticsSetModelInstance(report, instance));
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceResponseStatisticsSetResponseFactory(report, factory));
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceResponseStatisticsSetResponseStart(report, 1));
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceResponseStatisticsSetResponseEnd(report, 2));
  TRITONSERVER_Error* error = Fail("a response that failed");
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceResponseStatisticsSetError(report, error));
  TRITONSERVER_ErrorDelete(error);
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceReportResponseStatistics(report));
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceResponseStatisticsDelete(report));
  return TRITONBACKEND_ResponseFactoryDelete(factory);
}

// One response that is deleted, and one that is sent with what belongs to it.
TRITONSERVER_Error* Answer(TRITONBACKEND_Request* request) {
  plugin::Tensor in;
  RETURN_IF_API_ERROR(plugin::ReadInput(request, &in));
  TRITONBACKEND_Response* response = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_ResponseNew(&response, request));
  TRITONSERVER_Error* filled = plugin::FillValue(response, in, in.value);
  plugin::Ignore(TRITONBACKEND_ResponseDelete(response));
  RETURN_IF_API_ERROR(filled);
  if (in.value < 0) {
    plugin::AnswerError(request, Fail("negative on purpose"));  // deletes the error after it was sent
    return nullptr;
  }
  RETURN_IF_API_ERROR(TRITONBACKEND_ResponseNew(&response, request));
  std::string text = "copied";
  RETURN_IF_API_ERROR(TRITONBACKEND_ResponseSetStringParameter(response, "text", text.c_str()));
  text.assign(text.size(), 'x');
  return plugin::SendValue(response, in, in.value, TRITONSERVER_RESPONSE_COMPLETE_FINAL);
}

}  // namespace

TRITONSERVER_Error* TRITONBACKEND_Initialize(TRITONBACKEND_Backend* backend) {
  RETURN_IF_API_ERROR(BorrowMessage(TRITONBACKEND_BackendConfig, backend));
  return TakeMemory(backend);
}

TRITONSERVER_Error* TRITONBACKEND_ModelInitialize(TRITONBACKEND_Model* model) {
  RETURN_IF_API_ERROR(CompleteConfig(model));
  return ReportMemory(TRITONBACKEND_ModelReportMemoryUsage, model, 1000);
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceInitialize(TRITONBACKEND_ModelInstance* instance) {
  RETURN_IF_API_ERROR(BorrowMessage(TRITONBACKEND_ModelInstanceHostPolicy, instance));
  return ReportMemory(TRITONBACKEND_ModelInstanceReportMemoryUsage, instance, 24);
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance* instance,
                                                       TRITONBACKEND_Request** requests, const uint32_t request_count) {
  for (uint32_t i = 0; i < request_count; ++i) {
    TRITONSERVER_Error* error = ReadRequest(requests[i]);
    if (error == nullptr) error = ReportResponse(instance, requests[i]);
    if (error == nullptr) error = Answer(requests[i]);
    if (error != nullptr) plugin::AnswerError(requests[i], error);
    plugin::Release(requests[i]);
  }
  return nullptr;
}
