#include "command/infer/generate_call.h"

#include <vector>

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

Status EventReader::Add(std::string_view bytes) {
  events_.Add(bytes, [this](std::string_view event) { TakeEvent(event); });
  if (told_.ok() && events_.pending() > max_event_bytes_) {
    told_ = Internal("an event of the server is longer than is allowed here: --max-answer-mib N takes more than {}",
                     max_event_bytes_ >> 20);
  }
  return told_;
}

Status EventReader::End() {
  events_.End([this](std::string_view event) { TakeEvent(event); });
  return told_;
}

void EventReader::TakeEvent(std::string_view event) {
  client::ForEachData(event, [this](std::string_view data) {
    if (told_.ok()) told_ = TakeData(data);
  });
}

Status EventReader::TakeData(std::string_view data) const {
  ASSIGN_OR_RETURN(const JsonAnswerPtr event, JsonAnswer::Read(std::string(data)));
  if (const std::string error = TextOf(event->root(), "error"); !error.empty()) return Internal("{}", error);
  take_(event->text());
  return {};
}

}  // namespace neso::command
