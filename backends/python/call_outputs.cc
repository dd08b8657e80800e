#include "call_outputs.h"

#include <optional>
#include <string>

#include "message.h"
#include "neso/backend/json.h"
#include "parameters_writer.h"
#include "protocol.h"

namespace neso::python {

using backend::Concat;
using backend::Result;
using backend::Status;

namespace {

// Large outputs are written where the worker reads them: their offset is what tells the worker so. Small ones travel
// in the reply.
TRITONSERVER_Error* Allocate(TRITONSERVER_ResponseAllocator*, const char* name, size_t size, TRITONSERVER_MemoryType,
                             int64_t, void* userp, void** buffer, void** buffer_userp, TRITONSERVER_MemoryType* type,
                             int64_t* type_id) {
  *buffer = nullptr;
  *buffer_userp = nullptr;
  *type = TRITONSERVER_MEMORY_CPU;
  *type_id = 0;
  if (size < kSmallTensor) {
    *buffer = new std::byte[size];
    return nullptr;
  }
  const auto& memory = *static_cast<const std::shared_ptr<WorkerMemory>*>(userp);
  const std::optional<uint64_t> block = memory->slab->Allocate(size);
  if (!block) {
    return TRITONSERVER_ErrorNew(
        TRITONSERVER_ERROR_UNAVAILABLE,
        Concat("output '", name, "': no room for ", size, " bytes in the memory of the calling model").c_str());
  }
  *buffer = memory->segment->At(*block);
  *buffer_userp = new OutputBlock{.memory = memory, .offset = *block};
  return nullptr;
}
// The worker releases what it was given; the rest goes with the response, an error's outputs for instance.
TRITONSERVER_Error* ReleaseBuffer(TRITONSERVER_ResponseAllocator*, void* buffer, void* buffer_userp, size_t,
                                  TRITONSERVER_MemoryType, int64_t) {
  if (buffer_userp == nullptr) delete[] static_cast<std::byte*>(buffer);
  const std::unique_ptr<OutputBlock> block(static_cast<OutputBlock*>(buffer_userp));
  if (block != nullptr && !block->given) block->memory->slab->Release(block->offset);
  return nullptr;
}

Status AppendOutput(TRITONSERVER_InferenceResponse* response, uint32_t index, std::vector<std::byte>& body,
                    std::vector<OutputBlock*>& outputs) {
  const char* name = nullptr;
  TRITONSERVER_DataType datatype{};
  const int64_t* shape = nullptr;
  uint64_t rank = 0;
  const void* data = nullptr;
  size_t size = 0;
  TRITONSERVER_MemoryType type{};
  int64_t type_id = 0;
  void* userp = nullptr;
  NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceResponseOutput(response, index, &name, &datatype, &shape, &rank, &data,
                                                            &size, &type, &type_id, &userp));
  auto* const block = static_cast<OutputBlock*>(userp);
  const size_t end = body.size();
  body.resize(end + TensorRecordSize(name, rank) + (block == nullptr ? size : 0));
  MessageWriter writer(body.data() + end);
  PutTensorType(writer, name, datatype, {shape, rank});
  writer.Put(block == nullptr ? kInline : block->offset);
  writer.Put(uint64_t{size});
  if (block == nullptr) {
    writer.PutBytes(data, size);
  } else {
    outputs.push_back(block);
  }
  return {};
}

Result<std::string> Parameters(TRITONSERVER_InferenceResponse* response) {
  uint32_t count = 0;
  NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceResponseParameterCount(response, &count));
  if (count == 0) return std::string();
  rapidjson::StringBuffer text;
  ParametersWriter writer(text);
  writer.StartObject();
  for (uint32_t i = 0; i < count; ++i) {
    const char* name = nullptr;
    TRITONSERVER_ParameterType type{};
    const void* value = nullptr;
    NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceResponseParameter(response, i, &name, &type, &value));
    if (type == TRITONSERVER_PARAMETER_BYTES) continue;
    writer.Key(name);
    switch (type) {
      case TRITONSERVER_PARAMETER_STRING: writer.String(static_cast<const char*>(value)); break;
      case TRITONSERVER_PARAMETER_INT: writer.Int64(*static_cast<const int64_t*>(value)); break;
      case TRITONSERVER_PARAMETER_BOOL: writer.Bool(*static_cast<const bool*>(value)); break;
      default: writer.Double(*static_cast<const double*>(value)); break;
    }
  }
  writer.EndObject();
  return std::string(text.GetString(), text.GetSize());
}

}  // namespace

TRITONSERVER_ResponseAllocator* CallAllocator() {
  static TRITONSERVER_ResponseAllocator* const allocator = [] {
    TRITONSERVER_ResponseAllocator* made = nullptr;
    (void)Status(TRITONSERVER_ResponseAllocatorNew(&made, Allocate, ReleaseBuffer, nullptr));
    return made;
  }();
  return allocator;
}

Result<std::vector<std::byte>> ResponseBody(TRITONSERVER_InferenceResponse* response,
                                            std::vector<OutputBlock*>& outputs) {
  NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceResponseError(response));
  NESO_ASSIGN_OR_RETURN(const std::string parameters, Parameters(response));
  uint32_t count = 0;
  NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceResponseOutputCount(response, &count));
  std::vector<std::byte> body(sizeof(ResponseRecord));
  MessageWriter(body.data())
      .Put(ResponseRecord{.kind = ResponseKind::kResponse,
                          .error_code = 0,
                          .tensor_count = static_cast<uint16_t>(count),
                          .error_length = 0,
                          .parameters_length = static_cast<uint32_t>(parameters.size())});
  for (uint32_t i = 0; i < count; ++i) NESO_RETURN_IF_ERROR(AppendOutput(response, i, body, outputs));
  const size_t end = body.size();
  body.resize(end + parameters.size());
  MessageWriter(body.data() + end).PutText(parameters);
  return body;
}

}  // namespace neso::python
