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

Status EventLines::Add(std::string_view bytes) {
  rest_ += bytes;
  std::string_view left = rest_;
  Status status;
  for (size_t end = left.find('\n'); end != std::string_view::npos && status.ok(); end = left.find('\n')) {
    status = TakeLine(left.substr(0, end));
    left.remove_prefix(end + 1);
  }
  rest_ = std::string(left);
  return status;
}

Status EventLines::TakeLine(std::string_view line) {
  constexpr std::string_view kData = "data:";
  if (!line.starts_with(kData)) return {};
  ASSIGN_OR_RETURN(const JsonAnswerPtr event, JsonAnswer::Read(std::string(TrimBlanks(line.substr(kData.size())))));
  if (const std::string error = TextOf(event->root(), "error"); !error.empty()) return Internal("{}", error);
  take_(event->text());
  return {};
}

}  // namespace neso::command
