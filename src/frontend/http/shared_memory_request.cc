#include "frontend/http/shared_memory_request.h"

#include <algorithm>

#include "base/base64.h"
#include "base/json.h"
#include "frontend/http/json_access.h"

namespace neso {
namespace {

// The two ways of missing a field, which clients tell apart.

Expected<const JsonValue*> NeededField(const JsonValue& object, std::string_view name) {
  const JsonValue* value = FindMember(object, name);
  if (value == nullptr) return InvalidArg("Shared memory register request has no '{}' field", name);
  return value;
}

Expected<const JsonValue*> Member(const JsonValue& object, std::string_view name) {
  const JsonValue* value = FindMember(object, name);
  if (value == nullptr) return Internal("attempt to access non-existing object member '{}'", name);
  return value;
}

Expected<CudaIpcHandle> DecodeHandle(std::string_view text) {
  const Expected<std::string> bytes = DecodeBase64(text);
  if (!bytes || bytes->size() != kCudaIpcHandleBytes) {
    return InvalidArg("'raw_handle' must be a valid base64 encoded cudaIpcMemHandle_t");
  }
  CudaIpcHandle handle;
  std::ranges::copy(*bytes, handle.bytes.begin());
  return handle;
}

void AppendField(std::string& json, std::string_view name, uint64_t number) {
  json += fmt::format(",\"{}\":", name);
  AppendJsonUint(json, number);
}

}  // namespace

Expected<SystemRegistration> ParseSystemRegistration(std::string_view body) {
  JsonDocument document;
  RETURN_IF_ERROR(document.Parse(body));
  SystemRegistration registration;
  ASSIGN_OR_RETURN(const JsonValue* key, NeededField(document.root(), "key"));
  ASSIGN_OR_RETURN(registration.key, AsString(*key));
  if (const JsonValue* offset = FindMember(document.root(), "offset"); offset != nullptr) {
    ASSIGN_OR_RETURN(registration.offset, AsUnsigned(*offset));
  }
  ASSIGN_OR_RETURN(const JsonValue* byte_size, NeededField(document.root(), "byte_size"));
  ASSIGN_OR_RETURN(registration.byte_size, AsUnsigned(*byte_size));
  return registration;
}

Expected<CudaRegistration> ParseCudaRegistration(std::string_view body) {
  JsonDocument document;
  RETURN_IF_ERROR(document.Parse(body));
  CudaRegistration registration;
  ASSIGN_OR_RETURN(const JsonValue* handle, NeededField(document.root(), "raw_handle"));
  ASSIGN_OR_RETURN(const JsonValue* base64, Member(*handle, "b64"));
  ASSIGN_OR_RETURN(const std::string_view text, AsString(*base64));
  ASSIGN_OR_RETURN(const JsonValue* byte_size, Member(document.root(), "byte_size"));
  ASSIGN_OR_RETURN(registration.byte_size, AsUnsigned(*byte_size));
  ASSIGN_OR_RETURN(const JsonValue* device_id, Member(document.root(), "device_id"));
  ASSIGN_OR_RETURN(const uint64_t device, AsUnsigned(*device_id));
  registration.device_id = static_cast<int64_t>(device);
  ASSIGN_OR_RETURN(registration.handle, DecodeHandle(text));
  return registration;
}

std::string RegionsJson(RegionKind kind, const std::vector<RegionInfo>& regions) {
  std::string json = "[";
  for (const RegionInfo& region : regions) {
    if (json.size() > 1) json.push_back(',');
    json += "{\"name\":";
    AppendJsonString(json, region.name);
    if (kind == RegionKind::kSystem) {
      json += ",\"key\":";
      AppendJsonString(json, region.key);
      AppendField(json, "offset", region.offset);
    } else {
      AppendField(json, "device_id", static_cast<uint64_t>(region.device_id));
    }
    AppendField(json, "byte_size", region.byte_size);
    json.push_back('}');
  }
  json.push_back(']');
  return json;
}

}  // namespace neso
