// A chat with a server that remembers nothing: each question brings all that was said before.
//
//   ASSIGN_OR_RETURN(const std::string body, conversation.Ask(payload));   // {"messages": [all of them], ...}
//   RETURN_IF_ERROR(conversation.TakeAnswer(answer));                      // whose message belongs to what was said
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace neso::perf {

// Confined to a thread.
class Conversation {
 public:
  // The body of a request: `payload` with all messages so far before its own. Error: kInvalidArg, it has no "messages".
  Expected<std::string> Ask(std::string_view payload);
  // What `choices[0].message` of an answer in one piece is. Error: kUnavailable, there is none.
  Status TakeAnswer(std::string_view answer);
  // Of an answer in events, what `choices[0].delta` of one has to say, and the end. Error: likewise.
  void TakeEvent(std::string_view event);
  Status EndEvents();

 private:
  void Add(std::string_view message);

  std::string said_;    // the messages as elements of an array of JSON
  std::string answer_;  // what has come of one in events
  bool has_answer_ = false;
};

}  // namespace neso::perf
