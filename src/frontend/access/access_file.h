// The file that keys are kept in, as docs/access-control.md describes it.
//
//   ASSIGN_OR_RETURN(std::vector<AccessKey> keys, ParseAccessFile(text));
//   text = AccessFileText(keys);
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "frontend/access/access_key.h"

namespace neso {

inline constexpr size_t kMaxAccessFileBytes = 16u << 20;

// Whatever is not understood is an error: a misspelt limit must not be none. Names and ids are unique.
// Errors: kInvalidArg that says which key and which member it is about.
Expected<std::vector<AccessKey>> ParseAccessFile(std::string_view text);

// A line a key; what is as it would be anyway is left out.
std::string AccessFileText(std::span<const AccessKey> keys);

// "2027-01-31T12:00:00Z" or "2027-01-31", in UTC. Error: kInvalidArg.
Expected<int64_t> ParseUtcTime(std::string_view text);
std::string UtcTimeText(int64_t seconds);

// What a key may be called: at most 64 letters, digits and "._-".
bool IsKeyName(std::string_view name);

}  // namespace neso
