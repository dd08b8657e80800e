#include "ir_text.h"

#include <algorithm>
#include <cstddef>

namespace neso::openvino {
namespace {

using backend::Status;

// A network within a network takes three: layer, body and layers.
constexpr size_t kMaxDepth = 300;
constexpr size_t kHeadSize = 4096;  // where the first element is at the latest

Status NoIr() {
  return Status::InvalidArg(
      "expected an IR, XML with an element <net>, got something else; a file of another format needs its own ending, in "
      "default_model_filename");
}

// The rest of `text` behind the first `end`; nothing if there is none.
std::string_view Behind(std::string_view text, std::string_view end) {
  const size_t at = text.find(end);
  return at == std::string_view::npos ? std::string_view() : text.substr(at + end.size());
}

// How long a tag is: up to its '>', which in a value between quotes is not the end.
size_t TagSize(std::string_view text) {
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (quote != 0) {
      if (text[i] == quote) quote = 0;
    } else if (text[i] == '"' || text[i] == '\'') {
      quote = text[i];
    } else if (text[i] == '>') {
      return i + 1;
    }
  }
  return text.size();
}

}  // namespace

Status CheckIrText(std::string_view text) {
  if (text.substr(0, kHeadSize).find("<net") == std::string_view::npos) return NoIr();
  size_t depth = 0;
  while (!(text = text.substr(std::min(text.find('<'), text.size()))).empty()) {
    if (text.starts_with("<!--")) {
      text = Behind(text.substr(4), "-->");
    } else if (text.starts_with("<![CDATA[")) {
      text = Behind(text, "]]>");
    } else if (text.starts_with("<?")) {
      text = Behind(text, "?>");
    } else if (text.starts_with("<!")) {
      return NoIr();  // a document type, which IRs do not have
    } else if (text.starts_with("</")) {
      if (depth > 0) --depth;
      text = Behind(text, ">");
    } else {
      const size_t size = TagSize(text);
      const bool is_empty = size >= 2 && text[size - 2] == '/';
      if (!is_empty && ++depth > kMaxDepth) {
        return Status::InvalidArg("expected an IR with at most ", kMaxDepth, " elements within one another, got more");
      }
      text = text.substr(size);
    }
  }
  return {};
}

}  // namespace neso::openvino
