#include "net/http2/http2_head.h"

#include <cstring>

namespace neso::net {

namespace {

std::string_view WithoutBlanks(std::string_view value) {
  const size_t first = value.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view()
                                         : value.substr(first, value.find_last_not_of(" \t") + 1 - first);
}

}  // namespace

void Http2HeadCollector::Start(size_t limit, bool keeps_blanks) {
  text_.clear();
  fields_.clear();
  bytes_ = 0;
  limit_ = limit;
  keeps_blanks_ = keeps_blanks;
}

void Http2HeadCollector::Add(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + 32;
  if (too_large()) return;
  if (name == ":scheme") return;
  if (name == ":authority") name = "host";
  if (!keeps_blanks_) value = WithoutBlanks(value);
  text_.append(name).append(value);
  fields_.push_back({name.size(), value.size()});
}

OwnedHttpHead Http2HeadCollector::Take() {
  OwnedHttpHead owned;
  owned.text = MakeBytes(text_.size());
  std::memcpy(owned.text.get(), text_.data(), text_.size());
  owned.bytes = kept_bytes();
  HttpHead& head = owned.head;
  head.version_major = 2;
  head.version_minor = 0;
  head.headers.reserve(fields_.size());
  const char* at = owned.text.get();
  for (const Field& field : fields_) {
    const std::string_view name(at, field.name_size);
    const std::string_view value(at + field.name_size, field.value_size);
    at += field.name_size + field.value_size;
    if (name == ":method") {
      head.method = value;
    } else if (name == ":path") {
      const size_t mark = value.find('?');
      head.path = value.substr(0, mark);
      if (mark != std::string_view::npos) head.query = value.substr(mark + 1);
    } else {
      head.headers.emplace_back(name, value);
    }
  }
  return owned;
}

}  // namespace neso::net
