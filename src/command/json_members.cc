#include "command/json_members.h"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <charconv>

#include "base/json.h"

namespace neso::command {
namespace {

uint64_t CountIn(std::string_view text) {
  uint64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

}  // namespace

std::string TextOf(const JsonValue& object, const char* name) {
  const JsonValue* const member = FindMember(object, name);
  return member != nullptr && member->IsString() ? std::string(JsonText(*member)) : "";
}

uint64_t CountOf(const JsonValue& object, const char* name) {
  const JsonValue* const member = FindMember(object, name);
  if (member == nullptr) return 0;
  if (member->IsString()) return CountIn(JsonText(*member));
  return member->IsUint64() ? member->GetUint64() : 0;
}

std::vector<int64_t> ShapeOf(const JsonValue& object, const char* name) {
  std::vector<int64_t> shape;
  for (const JsonValue& size : ArrayOf(object, name).GetArray()) shape.push_back(size.IsInt64() ? size.GetInt64() : -1);
  return shape;
}

const JsonValue& ArrayOf(const JsonValue& object, const char* name) {
  static const JsonValue kNone(rapidjson::kArrayType);
  const JsonValue* const member = FindMember(object, name);
  return member != nullptr && member->IsArray() ? *member : kNone;
}

const JsonValue& ObjectOf(const JsonValue& object, const char* name) {
  static const JsonValue kNone(rapidjson::kObjectType);
  const JsonValue* const member = FindMember(object, name);
  return member != nullptr && member->IsObject() ? *member : kNone;
}

bool IsTrue(const JsonValue& object, const char* name) {
  const JsonValue* const member = FindMember(object, name);
  return member != nullptr && member->IsTrue();
}

std::string IndentedJson(const JsonValue& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', 2);
  writer.SetFormatOptions(rapidjson::kFormatSingleLineArray);
  if (!value.Accept(writer)) return DumpJson(value);  // NaN and the like, which end it there
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace neso::command
