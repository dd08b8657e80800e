// However an answer is cut, the same events come of it. The first byte says how long the pieces are.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "client/event_splitter.h"

namespace {

std::vector<std::string> Split(std::string_view text, size_t size) {
  neso::client::EventSplitter splitter;
  std::vector<std::string> events;
  const auto take = [&events](std::string_view event) { events.emplace_back(event); };
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) splitter.Add(text.substr(0, size), take);
  splitter.End(take);
  return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::vector<std::string> events = Split(text, size);
  CHECK(events == Split(text, size_t{1} + data[0]), "the pieces are nobody's business");
  size_t bytes = 0;
  for (const std::string& event : events) {
    size_t lines = 0;
    neso::client::ForEachData(event, [&lines](std::string_view) { ++lines; });
    CHECK(lines > 0, "an event has data");
    bytes += event.size();
  }
  CHECK(bytes <= text.size(), "nothing is in two events");
  return 0;
}
