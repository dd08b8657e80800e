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
  size_t begin = 0, end = bytes.find('\n');
  if (end != std::string_view::npos) end += rest_.size();
  rest_ += bytes;
  for (; end != std::string::npos; end = rest_.find('\n', begin)) {
    RETURN_IF_ERROR(TakeLine(std::string_view(rest_).substr(begin, end - begin)));
    begin = end + 1;
  }
  rest_.erase(0, begin);
  if (rest_.size() <= max_line_bytes_) return {};
  return Internal("an event of the server is longer than is allowed here: --max-answer-mib N takes more than {}",
                  max_line_bytes_ >> 20);
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
