#include "client/event_splitter.h"

#include "base/text.h"

namespace neso::client {
namespace {

constexpr std::string_view kData = "data:";

}  // namespace

void EventSplitter::Add(std::string_view bytes, const Take& take) {
  size_t end = bytes.find('\n');
  if (end != std::string_view::npos) end += rest_.size();
  rest_ += bytes;
  size_t begin = 0;  // of the event
  for (; end != std::string::npos; end = rest_.find('\n', line_at_)) {
    std::string_view line = std::string_view(rest_).substr(line_at_, end - line_at_);
    if (line.ends_with('\r')) line.remove_suffix(1);
    line_at_ = end + 1;
    has_data_ |= line.starts_with(kData);
    if (!line.empty()) continue;
    if (has_data_) take(std::string_view(rest_).substr(begin, line_at_ - begin));
    begin = line_at_;
    has_data_ = false;
  }
  rest_.erase(0, begin);
  line_at_ -= begin;
}

void EventSplitter::End(const Take& take) {
  has_data_ |= std::string_view(rest_).substr(line_at_).starts_with(kData);
  if (has_data_) take(rest_);
  rest_.clear();
  line_at_ = 0;
  has_data_ = false;
}

void ForEachData(std::string_view event, const std::function<void(std::string_view data)>& take) {
  for (std::string_view line : Split(event, '\n')) {
    if (!line.starts_with(kData)) continue;
    line.remove_prefix(kData.size());
    take(TrimBlanks(line));
  }
}

}  // namespace neso::client
