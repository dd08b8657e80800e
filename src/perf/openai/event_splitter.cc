#include "perf/openai/event_splitter.h"

namespace neso::perf {

void EventSplitter::Add(std::string_view bytes, const Take& take) {
  size_t end = bytes.find('\n');
  if (end != std::string_view::npos) end += rest_.size();
  rest_ += bytes;
  size_t begin = 0;  // of the event
  for (; end != std::string::npos; end = rest_.find('\n', line_at_)) {
    std::string_view line = std::string_view(rest_).substr(line_at_, end - line_at_);
    if (line.ends_with('\r')) line.remove_suffix(1);
    line_at_ = end + 1;
    has_data_ |= line.starts_with("data:");
    if (!line.empty()) continue;
    if (has_data_) take(std::string_view(rest_).substr(begin, line_at_ - begin));
    begin = line_at_;
    has_data_ = false;
  }
  rest_.erase(0, begin);
  line_at_ -= begin;
}

void EventSplitter::End(const Take& take) {
  has_data_ |= std::string_view(rest_).substr(line_at_).starts_with("data:");
  if (has_data_) take(rest_);
  rest_.clear();
  line_at_ = 0;
  has_data_ = false;
}

}  // namespace neso::perf
