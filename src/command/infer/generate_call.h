// A question to a decoupled model, which may give many answers: HTTP has them as events of `generate_stream`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "command/infer/infer_call.h"

namespace neso::command {

// Shapes are not sent: the server finds them.
Expected<client::HttpCall> WriteGenerate(const InferQuestion& question);

// The JSON texts of the events. Error: kInternal, the first one that is an error.
Expected<std::vector<std::string>> ReadEvents(std::string_view body);

}  // namespace neso::command
