// Members of a server's answers, where one that is missing or of another kind is as good as empty.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json_member.h"

namespace neso::command {

std::string TextOf(const JsonValue& object, const char* name);            // else ""
uint64_t CountOf(const JsonValue& object, const char* name);              // else 0; some are told as text
std::vector<int64_t> ShapeOf(const JsonValue& object, const char* name);  // else {}
const JsonValue& ArrayOf(const JsonValue& object, const char* name);      // else an empty array
const JsonValue& ObjectOf(const JsonValue& object, const char* name);     // else an empty object
bool IsTrue(const JsonValue& object, const char* name);

// The same values on many lines, for people.
std::string IndentedJson(const JsonValue& value);

}  // namespace neso::command
