// Typed access to parsed JSON with the error texts clients know; JSON errors are kInternal (HTTP 500) by contract.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/json_member.h"
#include "base/status.h"

namespace neso {

// The value as the type asked for. Errors: kInternal "attempt to access JSON non-<type> as <type>".
Expected<std::string_view> AsString(const JsonValue& value);
Expected<bool> AsBool(const JsonValue& value);
Expected<uint64_t> AsUnsigned(const JsonValue& value);
Status CheckArray(const JsonValue& value);

// The member of that name. Errors: kInternal "Unable to parse '<name>': ...", also when it is missing.
Expected<const JsonValue*> RequiredMember(const JsonValue& object, std::string_view name);
Expected<std::string_view> StringMember(const JsonValue& object, std::string_view name);
Expected<const JsonValue*> ArrayMember(const JsonValue& object, std::string_view name);

// "Unable to parse '<field>': <error>", same code.
inline Status UnableToParse(std::string_view field, const Status& error) {
  return Status(error.code(), fmt::format("Unable to parse '{}': {}", field, error.message()));
}

}  // namespace neso
