// A member of a JSON object that may be missing.
//
//   if (const JsonValue* const reason = FindMember(document.root(), "error")) ...
#pragma once

#include <string_view>

#include "base/json.h"

namespace neso {

// Null when `object` is no object or has no such member.
const JsonValue* FindMember(const JsonValue& object, std::string_view name);

}  // namespace neso
