#include "frontend/http/json_access.h"

namespace neso {

Expected<std::string_view> AsString(const JsonValue& value) {
  if (!value.IsString()) return Internal("attempt to access JSON non-string as string");
  return JsonText(value);
}

Expected<bool> AsBool(const JsonValue& value) {
  if (!value.IsBool()) return Internal("attempt to access JSON non-boolean as boolean");
  return value.GetBool();
}

Expected<uint64_t> AsUnsigned(const JsonValue& value) {
  if (!value.IsUint64()) return Internal("attempt to access JSON non-unsigned-integer as unsigned-integer");
  return value.GetUint64();
}

Status CheckArray(const JsonValue& value) {
  if (!value.IsArray()) return Internal("attempt to access JSON non-array as array");
  return {};
}

Expected<const JsonValue*> RequiredMember(const JsonValue& object, std::string_view name) {
  const JsonValue* value = FindMember(object, name);
  if (value == nullptr) {
    return UnableToParse(name, Internal("attempt to access non-existing object member '{}'", name));
  }
  return value;
}

Expected<std::string_view> StringMember(const JsonValue& object, std::string_view name) {
  ASSIGN_OR_RETURN(const JsonValue* value, RequiredMember(object, name));
  Expected<std::string_view> text = AsString(*value);
  if (!text) return UnableToParse(name, text.error());
  return text;
}

Expected<const JsonValue*> ArrayMember(const JsonValue& object, std::string_view name) {
  ASSIGN_OR_RETURN(const JsonValue* value, RequiredMember(object, name));
  if (Status status = CheckArray(*value); !status.ok()) return UnableToParse(name, status);
  return value;
}

}  // namespace neso
