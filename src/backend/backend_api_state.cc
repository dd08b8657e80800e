// TRITONBACKEND_* functions about the state of a sequence.
#include "backend/backend_api.h"
#include "core/sequence_state.h"

using namespace neso;

namespace {

SequenceState& AsState(TRITONBACKEND_State* handle) { return *static_cast<SequenceState*>(handle); }

}  // namespace

TRITONSERVER_Error* TRITONBACKEND_StateNew(TRITONBACKEND_State** state, TRITONBACKEND_Request* request,
                                           const char* name, const TRITONSERVER_DataType datatype, const int64_t* shape,
                                           const uint32_t dims_count) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(state, request, name);
    *state = nullptr;
    const InferenceRequest& of = AsRequest(request);
    if (of.sequence_states == nullptr) {
      return InvalidArg("unable to add state '{}'. State configuration is missing for model '{}'.", name,
                        of.model()->name());
    }
    ASSIGN_OR_RETURN(*state, of.sequence_states->NewOutput(name, FromApi(datatype), {shape, dims_count}));
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_StateUpdate(TRITONBACKEND_State* state) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(state);
    AsState(state).Update();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_StateBuffer(TRITONBACKEND_State* state, void** buffer,
                                              const uint64_t buffer_byte_size, TRITONSERVER_MemoryType* memory_type,
                                              int64_t* memory_type_id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(state, buffer, memory_type, memory_type_id);
    MemoryPlace place;
    if (*memory_type == TRITONSERVER_MEMORY_GPU) {
      place = AsState(state).AllocateOnGpu(buffer_byte_size, *memory_type_id);
    } else {
      place.data = AsState(state).Allocate(buffer_byte_size);
    }
    *buffer = place.data;
    *memory_type = ToApi(place.type);
    *memory_type_id = place.device_id;
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_StateBufferAttributes(TRITONBACKEND_State* state,
                                                        TRITONSERVER_BufferAttributes** buffer_attributes) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(state, buffer_attributes);
    *buffer_attributes = &AsState(state).attributes();
    return {};
  });
}
