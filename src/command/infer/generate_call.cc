#include "command/infer/generate_call.h"

#include "base/json.h"
#include "base/text.h"
#include "client/server_words.h"
#include "command/infer/answer_json.h"
#include "command/json_answer.h"
#include "command/json_members.h"

namespace neso::command {

Expected<client::HttpCall> WriteGenerate(const InferQuestion& question) {
  std::vector<std::string> members;
  if (!question.id.empty()) members.push_back("\"id\":" + JsonQuoted(question.id));
  for (const Tensor& input : question.inputs) {
    ASSIGN_OR_RETURN(const std::string values, ValuesJson(input, /*unwraps_one=*/true));
    members.push_back(JsonQuoted(input.name) + ":" + values);
  }
  for (const auto& [name, value] : question.parameters)
    members.push_back(JsonQuoted(name) + ":" + ParameterJson(value));
  client::HttpCall call{.method = "POST",
                        .path = client::ModelPath(question.model, question.version) + "/generate_stream"};
  call.body = "{" + Join(members, ",") + "}";
  return call;
}

Expected<std::vector<std::string>> ReadEvents(std::string_view body) {
  constexpr std::string_view kData = "data:";
  std::vector<std::string> events;
  for (const std::string_view line : Split(body, '\n')) {
    if (!line.starts_with(kData)) continue;
    ASSIGN_OR_RETURN(const JsonAnswerPtr event, JsonAnswer::Read(std::string(TrimBlanks(line.substr(kData.size())))));
    if (const std::string error = TextOf(event->root(), "error"); !error.empty()) return Internal("{}", error);
    events.push_back(event->text());
  }
  return events;
}

}  // namespace neso::command
