#include "command/json_answer.h"

namespace neso::command {

Expected<JsonAnswerPtr> JsonAnswer::Read(std::string text) { return Read(std::move(text), rapidjson::kObjectType); }

Expected<JsonAnswerPtr> JsonAnswer::ReadArray(std::string text) { return Read(std::move(text), rapidjson::kArrayType); }

Expected<JsonAnswerPtr> JsonAnswer::Read(std::string text, rapidjson::Type type) {
  JsonAnswerPtr answer(new JsonAnswer(std::move(text)));
  const Status parsed = answer->document_.Parse(answer->text_);
  if (parsed.ok() && answer->root().GetType() == type) return answer;
  if (!parsed.ok() && parsed.code() != StatusCode::kInternal) return parsed.WithContext("the server's answer");
  return Internal("expected {} of JSON from the server, got '{}'",
                  type == rapidjson::kArrayType ? "an array" : "an object", answer->text_.substr(0, 200));
}

}  // namespace neso::command
