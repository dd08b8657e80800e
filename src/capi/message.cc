#include "core/message.h"

#include "base/json.h"
#include "capi/handles.h"

using neso::ApiCall;
using neso::Message;
using neso::Status;

TRITONSERVER_Error* TRITONSERVER_MessageNewFromSerializedJson(TRITONSERVER_Message** message, const char* base,
                                                              size_t byte_size) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(message, base);
    std::string json(base, byte_size);
    RETURN_IF_ERROR(neso::JsonDocument().Parse(json));
    *message = new Message(std::move(json));
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_MessageDelete(TRITONSERVER_Message* message) {
  delete static_cast<Message*>(message);
  return nullptr;
}

TRITONSERVER_Error* TRITONSERVER_MessageSerializeToJson(TRITONSERVER_Message* message, const char** base,
                                                        size_t* byte_size) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(message, base, byte_size);
    const std::string& json = static_cast<Message*>(message)->json();
    *base = json.data();
    *byte_size = json.size();
    return {};
  });
}
