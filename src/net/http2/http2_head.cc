#include "net/http2/http2_head.h"

#include <cstring>

#include "net/http2/grpc_text.h"
#include "net/http2/http2_head_check.h"

namespace neso::net {

namespace {

std::string_view WithoutBlanks(std::string_view value) {
  const size_t first = value.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view()
                                         : value.substr(first, value.find_last_not_of(" \t") + 1 - first);
}

// Copies texts one behind the other into what has room for them.
class TextWriter {
 public:
  explicit TextWriter(char* at) : at_(at) {}
  std::string_view Write(std::string_view text) {
    if (!text.empty()) std::memcpy(at_, text.data(), text.size());
    return {std::exchange(at_, at_ + text.size()), text.size()};
  }

 private:
  char* at_;
};

GrpcHead FindGrpcHead(const HttpHead& head) {
  return {.is_call = head.method == "POST" && IsGrpcContentType(head.Find("content-type")),
          .timeout = head.Find("grpc-timeout"),
          .encoding = head.Find("grpc-encoding"),
          .accepted_encodings = head.Find("grpc-accept-encoding")};
}

}  // namespace

void Http2HeadCollector::Start(size_t limit, bool keeps_blanks) {
  fields_.clear();
  same_ = 0;
  has_diverged_ = last_ == nullptr;
  bytes_ = 0;
  limit_ = limit;
  keeps_blanks_ = keeps_blanks;
}

void Http2HeadCollector::AddOther(nghttp2_rcbuf* name, nghttp2_rcbuf* value) {
  if (!has_diverged_) Diverge();
  Field field{Http2Text(name), Http2Text(value), 0};
  field.bytes = field.name.view().size() + field.value.view().size() + 32;
  bytes_ += field.bytes;
  if (!too_large()) fields_.push_back(std::move(field));
}

void Http2HeadCollector::Diverge() {
  has_diverged_ = true;
  fields_.assign(last_fields_.begin(), last_fields_.begin() + static_cast<std::ptrdiff_t>(same_));
  for (const Field& field : fields_) bytes_ += field.bytes;
}

SharedHttpHead Http2HeadCollector::Take() {
  if (!has_diverged_ && same_ == last_fields_.size()) return last_;
  if (!has_diverged_) Diverge();
  SharedHttpHead made = Make();
  if (made != nullptr && bytes_ <= kRememberedHeadBytes && !too_large()) {
    last_fields_.swap(fields_);
    last_ = made;
  }
  fields_.clear();
  return made;
}

SharedHttpHead Http2HeadCollector::Make() const {
  const auto owned = MakeShared<OwnedHttpHead>();
  owned->bytes = std::min(bytes_, limit_);
  owned->text = MakeBytes(owned->bytes);  // longer than its texts, since each field counts for more
  HttpHead& head = owned->head;
  head.version_major = 2;
  head.version_minor = 0;
  head.peer = peer_;
  head.headers.reserve(fields_.size());
  TextWriter writer(owned->text.get());
  Http2HeadCheck check;
  for (const Field& field : fields_) {
    const std::string_view name = field.name.view();
    if (!check.Accept(name, field.value.view())) return nullptr;
    if (name == ":scheme") continue;
    const std::string_view value = writer.Write(keeps_blanks_ ? field.value.view() : WithoutBlanks(field.value.view()));
    if (name == ":method") {
      head.method = value;
    } else if (name == ":path") {
      const size_t mark = value.find('?');
      head.path = value.substr(0, mark);
      if (mark != std::string_view::npos) head.query = value.substr(mark + 1);
    } else {
      head.headers.emplace_back(name == ":authority" ? "host" : writer.Write(name), value);
    }
  }
  // What is missing of one that is too large may be among what was dropped.
  if (!too_large() && !check.IsRequest()) return nullptr;
  owned->content_length = check.content_length();
  owned->grpc = FindGrpcHead(head);
  return owned;
}

}  // namespace neso::net
