// TRITONBACKEND_* functions about the state of a sequence.
#include "backend/backend_api.h"

using namespace neso;

namespace {

bool IsOutputState(const inference::ModelSequenceBatching& batching, std::string_view name) {
  for (const auto& state : batching.state()) {
    if (state.output_name() == name) return true;
  }
  return false;
}

// No state can be made, so whoever asks about one holds a stray pointer.
Status NoState() { return Unsupported("the state of sequences is not supported"); }

}  // namespace

TRITONSERVER_Error* TRITONBACKEND_StateNew(TRITONBACKEND_State** state, TRITONBACKEND_Request* request,
                                           const char* name, const TRITONSERVER_DataType, const int64_t*,
                                           const uint32_t) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(state, request, name);
    *state = nullptr;
    const inference::ModelConfig& config = AsRequest(request).model()->config();
    if (config.sequence_batching().state().empty()) {
      return InvalidArg("unable to add state '{}'. State configuration is missing for model '{}'.", name,
                        config.name());
    }
    if (!IsOutputState(config.sequence_batching(), name)) {
      return InvalidArg("state '{}' is not a valid state name.", name);
    }
    return NoState();
  });
}

TRITONSERVER_Error* TRITONBACKEND_StateUpdate(TRITONBACKEND_State*) { return ApiCall(NoState); }

TRITONSERVER_Error* TRITONBACKEND_StateBuffer(TRITONBACKEND_State*, void**, const uint64_t, TRITONSERVER_MemoryType*,
                                              int64_t*) {
  return ApiCall(NoState);
}

TRITONSERVER_Error* TRITONBACKEND_StateBufferAttributes(TRITONBACKEND_State*, TRITONSERVER_BufferAttributes**) {
  return ApiCall(NoState);
}
