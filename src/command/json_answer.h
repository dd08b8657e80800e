// A text of a server with the values in it.
//
//   ASSIGN_OR_RETURN(const JsonAnswerPtr answer, JsonAnswer::Read(body));
//   answer->root()["name"];
#pragma once

#include <memory>
#include <string>

#include "base/json_member.h"
#include "base/status.h"

namespace neso::command {

class JsonAnswer {
 public:
  // An object. Errors: kInternal, what is none; kInvalidArg for what is beyond JsonDocument's bounds.
  static Expected<std::unique_ptr<JsonAnswer>> Read(std::string text);
  static Expected<std::unique_ptr<JsonAnswer>> ReadArray(std::string text);
  const std::string& text() const { return text_; }
  const JsonValue& root() const { return document_.root(); }

 private:
  static Expected<std::unique_ptr<JsonAnswer>> Read(std::string text, rapidjson::Type type);
  explicit JsonAnswer(std::string text) : text_(std::move(text)) {}
  const std::string text_;
  JsonDocument document_;
};
using JsonAnswerPtr = std::unique_ptr<JsonAnswer>;

}  // namespace neso::command
