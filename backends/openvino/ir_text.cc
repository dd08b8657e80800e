#include "ir_text.h"

#include <algorithm>
#include <cstddef>
#include <optional>

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

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// "layer" of <layer id="0"/>.
std::string_view NameOf(std::string_view tag) {
  const size_t end = tag.find_first_of(" \t\r\n/>", 1);
  return tag.substr(1, end == std::string_view::npos ? end : end - 1);
}

// What a tag says of `attribute`, as it stands there; nothing if it says nothing.
std::optional<std::string_view> ValueOf(std::string_view tag, std::string_view attribute) {
  size_t at = NameOf(tag).size() + 1;
  while (true) {
    const size_t equals = tag.find('=', at);
    const size_t quote = equals == std::string_view::npos ? equals : tag.find_first_of("\"'", equals);
    const size_t end = quote == std::string_view::npos ? quote : tag.find(tag[quote], quote + 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view name = tag.substr(at, equals - at);
    while (!name.empty() && IsBlank(name.front())) name.remove_prefix(1);
    while (!name.empty() && IsBlank(name.back())) name.remove_suffix(1);
    if (name == attribute) return tag.substr(quote + 1, end - quote - 1);
    at = end + 1;
  }
}

// Reads tags one after the other.
class TagChecker {
 public:
  Status Begin(std::string_view tag, bool is_empty) {
    if (!is_empty && ++depth_ > kMaxDepth) {
      return Status::InvalidArg("expected an IR with at most ", kMaxDepth, " elements within one another, got more");
    }
    const std::string_view name = NameOf(tag);
    if (name == "data" && ValueOf(tag, "variable_id")) needs_variable_ = false;
    if (name != "layer") return {};
    NESO_RETURN_IF_ERROR(EndLayer());
    const std::string_view type = ValueOf(tag, "type").value_or("");
    // A type that is written with entities may be any.
    needs_variable_ = type == "Assign" || type == "ReadValue" || type.find('&') != std::string_view::npos;
    return is_empty ? EndLayer() : Status();
  }

  Status End(std::string_view tag) {
    if (depth_ > 0) --depth_;
    return tag.starts_with("</layer") ? EndLayer() : Status();
  }

 private:
  Status EndLayer() const {
    if (!needs_variable_) return {};
    return Status::InvalidArg("expected a variable_id in the data of each layer ReadValue and Assign, got one without");
  }

  size_t depth_ = 0;
  bool needs_variable_ = false;  // and the layer that is read has not said one yet
};

}  // namespace

Status CheckIrText(std::string_view text) {
  if (text.substr(0, kHeadSize).find("<net") == std::string_view::npos) return NoIr();
  TagChecker tags;
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
      NESO_RETURN_IF_ERROR(tags.End(text));
      text = Behind(text, ">");
    } else {
      const size_t size = TagSize(text);
      NESO_RETURN_IF_ERROR(tags.Begin(text.substr(0, size), size >= 2 && text[size - 2] == '/'));
      text = text.substr(size);
    }
  }
  return {};
}

}  // namespace neso::openvino
