// A question to a decoupled model, which may give many answers: HTTP has them as events of `generate_stream`.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "command/infer/infer_call.h"

namespace neso::command {

// Shapes are not sent: the server finds them.
Expected<client::HttpCall> WriteGenerate(const InferQuestion& question);

// Takes the answer as it comes, in pieces that end anywhere.
//
//   EventLines events([](const std::string& json) { Say(json + "\n"); }, 1 << 20);
//   RETURN_IF_ERROR(events.Add("data: {\"y\":1}\n\nda"));   // says {"y":1}
class EventLines {
 public:
  EventLines(std::function<void(const std::string& json)> take, size_t max_line_bytes)
      : take_(std::move(take)), max_line_bytes_(max_line_bytes) {}

  // Error: kInternal, the error that an event tells, or that it is no JSON, or too long.
  Status Add(std::string_view bytes);

 private:
  Status TakeLine(std::string_view line);

  const std::function<void(const std::string& json)> take_;
  const size_t max_line_bytes_;
  std::string rest_;  // of a line whose end has not come
};

}  // namespace neso::command
