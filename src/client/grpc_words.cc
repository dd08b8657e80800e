#include "client/grpc_words.h"

#include <fmt/format.h>

namespace neso::client {

std::string ServicePath(std::string_view method) { return fmt::format("/inference.GRPCInferenceService/{}", method); }

void AddText(wire::MessageWriter& message, uint32_t field, std::string_view text) {
  if (!text.empty()) message.Add(field, text);
}

void AddParameter(wire::MessageWriter& message, uint32_t field, std::string_view name,
                  const wire::MessageWriter& value) {
  wire::MessageWriter entry;
  entry.Add(1, name).Add(2, value);
  message.Add(field, entry);
}

wire::MessageWriter InputMessage(std::string_view name, std::string_view datatype, const std::vector<int64_t>& shape) {
  wire::MessageWriter input;
  input.Add(1, name).Add(2, datatype);
  for (const int64_t size : shape) input.Add(3, static_cast<uint64_t>(size));
  return input;
}

}  // namespace neso::client
