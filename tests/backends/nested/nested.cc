// A model that needs other models: "nested_<n>" asks "nested_<n-1>" twice at the same time, waits for both answers
// inside its Execute and sends their sum. "nested_0" answers OUT = IN, so that OUT = IN * 2^n. What it asks is traced
// as a part of the request that it asks for, with an activity of its own when the answers are there.
#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>

#include "../common/plugin.h"

namespace {

TRITONSERVER_Error* Allocate(TRITONSERVER_ResponseAllocator*, const char*, size_t byte_size, TRITONSERVER_MemoryType,
                             int64_t, void*, void** buffer, void** buffer_userp, TRITONSERVER_MemoryType* memory_type,
                             int64_t* memory_type_id) {
  *buffer = std::malloc(byte_size);
  *buffer_userp = nullptr;
  *memory_type = TRITONSERVER_MEMORY_CPU;
  *memory_type_id = 0;
  return nullptr;
}

TRITONSERVER_Error* Deallocate(TRITONSERVER_ResponseAllocator*, void* buffer, void*, size_t, TRITONSERVER_MemoryType,
                               int64_t) {
  std::free(buffer);
  return nullptr;
}

void DeleteRequest(TRITONSERVER_InferenceRequest* request, const uint32_t, void*) {
  plugin::Ignore(TRITONSERVER_InferenceRequestDelete(request));
}

// Keeps the first error; later ones are dropped.
void Keep(TRITONSERVER_Error** first, TRITONSERVER_Error* error) {
  if (*first == nullptr) {
    *first = error;
  } else {
    plugin::Ignore(error);
  }
}

// One call of another model.
class Call {
 public:
  explicit Call(int32_t value) : value_(value) {}

  TRITONSERVER_Error* Start(TRITONSERVER_Server* server, TRITONSERVER_ResponseAllocator* allocator,
                            const std::string& model, TRITONSERVER_InferenceTrace* parent) {
    TRITONSERVER_InferenceRequest* request = nullptr;
    RETURN_IF_API_ERROR(TRITONSERVER_InferenceRequestNew(&request, server, model.c_str(), -1));
    TRITONSERVER_Error* error = Fill(request, allocator);
    TRITONSERVER_InferenceTrace* trace = nullptr;
    if (error == nullptr && parent != nullptr) error = TRITONSERVER_InferenceTraceSpawnChildTrace(parent, &trace);
    if (error == nullptr) error = TRITONSERVER_ServerInferAsync(server, request, trace);
    if (error != nullptr) plugin::Ignore(TRITONSERVER_InferenceRequestDelete(request));
    started_ = error == nullptr;
    return error;
  }

  // The value of OUT; 0 with `error` set when there is none.
  int32_t Await(TRITONSERVER_Error** error) {
    if (!started_) return 0;
    TRITONSERVER_InferenceResponse* response = answer_.get_future().get();
    int32_t value = 0;
    Keep(error, Read(response, &value));
    plugin::Ignore(TRITONSERVER_InferenceResponseDelete(response));
    return value;
  }

 private:
  TRITONSERVER_Error* Fill(TRITONSERVER_InferenceRequest* request, TRITONSERVER_ResponseAllocator* allocator) {
    const int64_t shape[] = {1};
    RETURN_IF_API_ERROR(TRITONSERVER_InferenceRequestAddInput(request, "IN", TRITONSERVER_TYPE_INT32, shape, 1));
    RETURN_IF_API_ERROR(TRITONSERVER_InferenceRequestAppendInputData(request, "IN", &value_, sizeof(value_),
                                                                     TRITONSERVER_MEMORY_CPU, 0));
    RETURN_IF_API_ERROR(TRITONSERVER_InferenceRequestSetReleaseCallback(request, DeleteRequest, nullptr));
    return TRITONSERVER_InferenceRequestSetResponseCallback(request, allocator, nullptr, OnResponse, this);
  }

  static void OnResponse(TRITONSERVER_InferenceResponse* response, const uint32_t, void* call) {
    static_cast<Call*>(call)->answer_.set_value(response);
  }

  static TRITONSERVER_Error* Read(TRITONSERVER_InferenceResponse* response, int32_t* value) {
    RETURN_IF_API_ERROR(TRITONSERVER_InferenceResponseError(response));
    const char* name = nullptr;
    TRITONSERVER_DataType datatype = TRITONSERVER_TYPE_INVALID;
    const int64_t* shape = nullptr;
    uint64_t dims = 0;
    const void* base = nullptr;
    size_t byte_size = 0;
    TRITONSERVER_MemoryType memory_type = TRITONSERVER_MEMORY_CPU;
    int64_t memory_type_id = 0;
    void* userp = nullptr;
    RETURN_IF_API_ERROR(TRITONSERVER_InferenceResponseOutput(response, 0, &name, &datatype, &shape, &dims, &base,
                                                             &byte_size, &memory_type, &memory_type_id, &userp));
    if (byte_size != sizeof(*value)) return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_INTERNAL, "OUT is not one INT32");
    std::memcpy(value, base, sizeof(*value));
    return nullptr;
  }

  const int32_t value_;
  bool started_ = false;
  std::promise<TRITONSERVER_InferenceResponse*> answer_;
};

TRITONSERVER_Error* AskTwice(TRITONBACKEND_ModelInstance* instance, const std::string& model,
                             TRITONSERVER_InferenceTrace* trace, int32_t in, int32_t* out) {
  TRITONBACKEND_Model* self = nullptr;
  TRITONSERVER_Server* server = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceModel(instance, &self));
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelServer(self, &server));
  TRITONSERVER_ResponseAllocator* allocator = nullptr;
  RETURN_IF_API_ERROR(TRITONSERVER_ResponseAllocatorNew(&allocator, Allocate, Deallocate, nullptr));
  Call first(in);
  Call second(in);
  TRITONSERVER_Error* error = nullptr;
  Keep(&error, first.Start(server, allocator, model, trace));
  Keep(&error, second.Start(server, allocator, model, trace));
  *out = first.Await(&error) + second.Await(&error);
  plugin::Ignore(TRITONSERVER_ResponseAllocatorDelete(allocator));
  if (trace != nullptr) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const auto now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
    Keep(&error,
         TRITONSERVER_InferenceTraceReportActivity(trace, static_cast<uint64_t>(now_ns), "NESTED_ANSWERS_READ"));
  }
  return error;
}

TRITONSERVER_Error* Compute(TRITONBACKEND_ModelInstance* instance, TRITONBACKEND_Request* request) {
  const std::string name = plugin::ModelName(instance);
  const int depth = std::atoi(name.c_str() + name.find_last_of('_') + 1);
  plugin::Tensor in;
  RETURN_IF_API_ERROR(plugin::ReadInput(request, &in));
  int32_t out = in.value;
  if (depth > 0) {
    const std::string next = name.substr(0, name.find_last_of('_') + 1) + std::to_string(depth - 1);
    TRITONSERVER_InferenceTrace* trace = nullptr;
    RETURN_IF_API_ERROR(TRITONBACKEND_RequestTrace(request, &trace));
    RETURN_IF_API_ERROR(AskTwice(instance, next, trace, in.value, &out));
  }
  return plugin::Answer(request, in, out);
}

}  // namespace

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance* instance,
                                                       TRITONBACKEND_Request** requests, const uint32_t request_count) {
  for (uint32_t i = 0; i < request_count; ++i) {
    if (TRITONSERVER_Error* error = Compute(instance, requests[i]); error != nullptr) {
      plugin::AnswerError(requests[i], error);
    }
    plugin::Release(requests[i]);
  }
  return nullptr;
}
