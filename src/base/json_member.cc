#include "base/json_member.h"

namespace neso {

const JsonValue* FindMember(const JsonValue& object, std::string_view name) {
  if (!object.IsObject()) return nullptr;
  for (auto member = object.MemberBegin(); member != object.MemberEnd(); ++member) {
    if (JsonText(member->name) == name) return &member->value;
  }
  return nullptr;
}

}  // namespace neso
