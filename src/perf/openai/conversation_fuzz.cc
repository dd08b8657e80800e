// An event of an answer, an answer and a payload, whatever they are: an error in the event is found or not, and a
// conversation that has an answer goes on.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "perf/openai/conversation.h"
#include "perf/openai/payload.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(neso::perf::ErrorOfEvent(text));
  neso::perf::Conversation conversation;
  conversation.TakeEvent(text);
  if (conversation.EndEvents().ok()) CHECK(conversation.Ask(R"({"messages":[]})").ok(), "it goes on");
  static_cast<void>(conversation.TakeAnswer(text));
  static_cast<void>(conversation.Ask(text));
  return 0;
}
