// JSON where RapidJSON's behaviour is the contract: number formatting, escapes, error texts and offsets.
//
//   std::string body = "{\"error\":";
//   AppendJsonString(body, status.message());
//   body += '}';
//
//   ASSIGN_OR_RETURN(rapidjson::Document document, ParseJson(text));
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace neso {

// Appends `text` quoted and escaped. Bytes above 0x7F pass as they are, valid UTF-8 or not: tensor elements are bytes.
void AppendJsonString(std::string& out, std::string_view text);
std::string JsonQuoted(std::string_view text);

// Shortest form that reads back the same, always with a fraction or exponent ("1.0"); NaN, Infinity and -Infinity as
// these words, which clients understand although JSON does not know them.
void AppendJsonDouble(std::string& out, double value);
void AppendJsonInt(std::string& out, int64_t value);
void AppendJsonUint(std::string& out, uint64_t value);

// Compact, no blanks.
std::string DumpJson(const rapidjson::Value& value);

// Takes the words NaN, Inf and Infinity too; never recurses, however deep the text nests.
// Error: kInternal "failed to parse the request JSON buffer: <RapidJSON's text> at <offset>".
Expected<rapidjson::Document> ParseJson(std::string_view text);

}  // namespace neso
