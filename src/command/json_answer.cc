#include "command/json_answer.h"

namespace neso::command {

Expected<JsonAnswerPtr> JsonAnswer::Read(std::string text) {
  JsonAnswerPtr answer(new JsonAnswer(std::move(text)));
  if (const Status parsed = answer->document_.Parse(answer->text_); !parsed.ok())
    return Internal("expected JSON from the server, got '{}'", answer->text_.substr(0, 200));
  return answer;
}

}  // namespace neso::command
