#include "perf/openai/conversation.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/json_member.h"
#include "perf/openai/payload.h"

namespace neso::perf {
namespace {

// choices[0].`name` of an answer; null: there is none.
const JsonValue* FirstChoice(const JsonValue& answer, const char* name) {
  const JsonValue* const choices = FindMember(answer, "choices");
  if (choices == nullptr || !choices->IsArray() || choices->Empty()) return nullptr;
  return FindMember((*choices)[0], name);
}

Status NothingSaid(std::string_view answer, std::string_view what) {
  return Unavailable("the session cannot go on: expected {} in the answer, got {}", what, answer.substr(0, 200));
}

}  // namespace

Expected<std::string> Conversation::Ask(std::string_view payload) {
  JsonDocument document;
  RETURN_IF_ERROR(document.Parse(payload));
  const JsonValue* const messages = FindMember(document.root(), "messages");
  if (messages == nullptr || !messages->IsArray())
    return InvalidArg("expected \"messages\", an array, in the payload of a session, got {}", payload.substr(0, 200));
  for (const JsonValue& message : messages->GetArray()) Add(DumpJson(message));
  std::string body;
  for (const auto& member : document.root().GetObject()) {
    const bool is_messages = &member.value == messages;
    body += fmt::format("{}{}:{}", body.empty() ? '{' : ',', JsonQuoted(JsonText(member.name)),
                        is_messages ? "[" + said_ + "]" : DumpJson(member.value));
  }
  return body + "}";
}

Status Conversation::TakeAnswer(std::string_view answer) {
  JsonDocument document;
  const JsonValue* const message = document.Parse(answer).ok() ? FirstChoice(document.root(), "message") : nullptr;
  if (message == nullptr || !message->IsObject()) return NothingSaid(answer, "choices[0].message");
  Add(DumpJson(*message));
  return {};
}

void Conversation::TakeEvent(std::string_view event) {
  ForEachDataOf(event, [this](const JsonValue& data) {
    const JsonValue* const delta = FirstChoice(data, "delta");
    const JsonValue* const content = delta == nullptr ? nullptr : FindMember(*delta, "content");
    if (content == nullptr || !content->IsString()) return;
    answer_ += JsonText(*content);
    has_answer_ = true;
  });
}

Status Conversation::EndEvents() {
  if (!std::exchange(has_answer_, false)) return NothingSaid("none", "events with choices[0].delta.content");
  Add(fmt::format(R"({{"role":"assistant","content":{}}})", JsonQuoted(std::exchange(answer_, {}))));
  return {};
}

void Conversation::Add(std::string_view message) {
  if (!said_.empty()) said_ += ',';
  said_ += message;
}

}  // namespace neso::perf
