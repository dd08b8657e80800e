#include "core/response.h"

#include "capi/handles.h"

using neso::ApiCall;
using neso::InferenceResponse;
using neso::ResponseOf;
using neso::Status;

TRITONSERVER_Error* TRITONSERVER_InferenceResponseDelete(TRITONSERVER_InferenceResponse* inference_response) {
  return ApiCall([&]() -> Status {
    delete static_cast<InferenceResponse*>(inference_response);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceResponseError(TRITONSERVER_InferenceResponse* inference_response) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_response);
    return ResponseOf(inference_response).status();
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceResponseModel(TRITONSERVER_InferenceResponse* inference_response,
                                                        const char** model_name, int64_t* model_version) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_response, model_name, model_version);
    const InferenceResponse& response = ResponseOf(inference_response);
    *model_name = response.model_name().c_str();
    *model_version = response.model_version();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceResponseId(TRITONSERVER_InferenceResponse* inference_response,
                                                     const char** request_id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_response, request_id);
    *request_id = ResponseOf(inference_response).id().c_str();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceResponseParameterCount(TRITONSERVER_InferenceResponse* inference_response,
                                                                 uint32_t* count) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_response, count);
    *count = static_cast<uint32_t>(ResponseOf(inference_response).parameters().size());
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceResponseParameter(TRITONSERVER_InferenceResponse* inference_response,
                                                            const uint32_t index, const char** name,
                                                            TRITONSERVER_ParameterType* type, const void** vvalue) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_response, name, type, vvalue);
    const auto parameters = ResponseOf(inference_response).parameters();
    RETURN_IF_ERROR(neso::CheckIndex(index, parameters.size(), "response has", "parameters"));
    *name = parameters[index].name.c_str();
    *type = parameters[index].type();
    *vvalue = parameters[index].data();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceResponseOutputCount(TRITONSERVER_InferenceResponse* inference_response,
                                                              uint32_t* count) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_response, count);
    *count = static_cast<uint32_t>(ResponseOf(inference_response).outputs().size());
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceResponseOutput(TRITONSERVER_InferenceResponse* inference_response,
                                                         const uint32_t index, const char** name,
                                                         TRITONSERVER_DataType* datatype, const int64_t** shape,
                                                         uint64_t* dim_count, const void** base, size_t* byte_size,
                                                         TRITONSERVER_MemoryType* memory_type, int64_t* memory_type_id,
                                                         void** userp) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_response, name, datatype, shape, dim_count, base, byte_size, memory_type,
                      memory_type_id, userp);
    const auto outputs = ResponseOf(inference_response).outputs();
    RETURN_IF_ERROR(neso::CheckIndex(index, outputs.size(), "response has", "outputs"));
    const neso::Output& output = outputs[index];
    *name = output.name().c_str();
    *datatype = static_cast<TRITONSERVER_DataType>(output.datatype());
    *shape = output.shape().data();
    *dim_count = output.shape().size();
    *base = output.base();
    *byte_size = output.attributes().byte_size;
    *memory_type = static_cast<TRITONSERVER_MemoryType>(output.attributes().memory_type);
    *memory_type_id = output.attributes().memory_type_id;
    *userp = output.buffer_userp();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceResponseOutputClassificationLabel(
    TRITONSERVER_InferenceResponse* inference_response, const uint32_t index, const size_t class_index,
    const char** label) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_response, label);
    const InferenceResponse& response = ResponseOf(inference_response);
    RETURN_IF_ERROR(neso::CheckIndex(index, response.outputs().size(), "response has", "outputs"));
    *label = response.ClassificationLabel(response.outputs()[index], class_index);
    return {};
  });
}
