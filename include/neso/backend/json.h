// The JSON documents that cross the C interface, with RapidJSON.
//
//   NESO_ASSIGN_OR_RETURN(rapidjson::Document config, ParseMessage(message));
#pragma once

#ifndef RAPIDJSON_HAS_STDSTRING
#define RAPIDJSON_HAS_STDSTRING 1
#endif
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "neso/backend/status.h"

namespace neso::backend {

struct MessageDeleter {
  void operator()(TRITONSERVER_Message* message) const { (void)Status(TRITONSERVER_MessageDelete(message)); }
};
using MessagePtr = std::unique_ptr<TRITONSERVER_Message, MessageDeleter>;

// The document that `message` carries; the message stays the caller's.
inline Result<rapidjson::Document> ParseMessage(TRITONSERVER_Message* message) {
  const char* text = nullptr;
  size_t size = 0;
  NESO_RETURN_IF_ERROR(TRITONSERVER_MessageSerializeToJson(message, &text, &size));
  rapidjson::Document document;
  document.Parse(text, size);
  if (document.HasParseError()) {
    return Status::Internal("cannot parse JSON at byte ", document.GetErrorOffset(), ": ",
                            rapidjson::GetParseError_En(document.GetParseError()));
  }
  return document;
}

inline Result<MessagePtr> NewMessage(const rapidjson::Value& value) {
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer(text);
  value.Accept(writer);
  TRITONSERVER_Message* message = nullptr;
  NESO_RETURN_IF_ERROR(TRITONSERVER_MessageNewFromSerializedJson(&message, text.GetString(), text.GetSize()));
  return MessagePtr(message);
}

// The member of that name, nullptr if `object` is no object or has none.
inline const rapidjson::Value* FindMember(const rapidjson::Value& object, std::string_view name) {
  if (!object.IsObject()) return nullptr;
  const auto member =
      object.FindMember(rapidjson::Value(rapidjson::StringRef(name.data(), static_cast<unsigned>(name.size()))));
  return member == object.MemberEnd() ? nullptr : &member->value;
}

// Members with a default for those that are absent or of another type.
inline std::string StringOr(const rapidjson::Value& object, std::string_view name, std::string_view fallback = "") {
  const rapidjson::Value* value = FindMember(object, name);
  if (value == nullptr || !value->IsString()) return std::string(fallback);
  return {value->GetString(), value->GetStringLength()};
}
inline bool BoolOr(const rapidjson::Value& object, std::string_view name, bool fallback) {
  const rapidjson::Value* value = FindMember(object, name);
  return value != nullptr && value->IsBool() ? value->GetBool() : fallback;
}
inline int64_t IntOr(const rapidjson::Value& object, std::string_view name, int64_t fallback) {
  const rapidjson::Value* value = FindMember(object, name);
  return value != nullptr && value->IsInt64() ? value->GetInt64() : fallback;
}

// Members that are arrays; empty if they are absent.
inline std::vector<int64_t> Integers(const rapidjson::Value& object, std::string_view name) {
  std::vector<int64_t> numbers;
  const rapidjson::Value* values = FindMember(object, name);
  if (values == nullptr || !values->IsArray()) return numbers;
  for (const rapidjson::Value& value : values->GetArray()) {
    if (value.IsInt64()) numbers.push_back(value.GetInt64());
  }
  return numbers;
}
inline std::vector<std::string> Strings(const rapidjson::Value& object, std::string_view name) {
  std::vector<std::string> texts;
  const rapidjson::Value* values = FindMember(object, name);
  if (values == nullptr || !values->IsArray()) return texts;
  for (const rapidjson::Value& value : values->GetArray()) {
    if (value.IsString()) texts.emplace_back(value.GetString(), value.GetStringLength());
  }
  return texts;
}

}  // namespace neso::backend
