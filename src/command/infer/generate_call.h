// A question to a decoupled model, which may give many answers: HTTP has them as events of `generate_stream`.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "client/event_splitter.h"
#include "command/infer/infer_call.h"

namespace neso::command {

// Shapes are not sent: the server finds them.
Expected<client::HttpCall> WriteGenerate(const InferQuestion& question);

// Takes the answer as it comes, in pieces that end anywhere.
//
//   EventReader events([](const std::string& json) { SayJson(json); }, 1 << 20);
//   RETURN_IF_ERROR(events.Add("data: {\"y\":1}\n\nda"));   // says {"y":1}
class EventReader {
 public:
  EventReader(std::function<void(const std::string& json)> take, size_t max_event_bytes)
      : take_(std::move(take)), max_event_bytes_(max_event_bytes) {}

  // Error: kInternal, the error that an event tells, or that it is no JSON, or too long; nothing is taken from then on.
  Status Add(std::string_view bytes);
  // The answer has ended. Likewise.
  Status End();

 private:
  void TakeEvent(std::string_view event);
  Status TakeData(std::string_view data) const;

  const std::function<void(const std::string& json)> take_;
  const size_t max_event_bytes_;
  client::EventSplitter events_;
  Status told_;
};

}  // namespace neso::command
