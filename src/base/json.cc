#include "base/json.h"

#include <fmt/format.h>
#include <rapidjson/encodedstream.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/json_double.h"
#include "base/json_scan.h"

namespace neso {
namespace {

bool NeedsEscape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

void AppendEscaped(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: fmt::format_to(std::back_inserter(out), "\\u{:04X}", static_cast<unsigned char>(c));
  }
}

}  // namespace

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  size_t plain = 0;  // start of the run that needs no escape
  for (size_t i = 0; i < text.size(); ++i) {
    if (!NeedsEscape(text[i])) continue;
    out.append(text, plain, i - plain);
    AppendEscaped(out, text[i]);
    plain = i + 1;
  }
  out.append(text, plain);
  out += '"';
}

std::string JsonQuoted(std::string_view text) {
  std::string quoted;
  quoted.reserve(text.size() + 2);
  AppendJsonString(quoted, text);
  return quoted;
}

void AppendJsonDouble(std::string& out, double value) {
  char text[kMaxJsonDouble];
  out.append(text, WriteJsonDouble(value, text));
}

void AppendJsonInt(std::string& out, int64_t value) {
  const fmt::format_int digits(value);
  out.append(digits.data(), digits.size());
}

void AppendJsonUint(std::string& out, uint64_t value) {
  const fmt::format_int digits(value);
  out.append(digits.data(), digits.size());
}

std::string DumpJson(const JsonValue& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>, rapidjson::CrtAllocator,
                    rapidjson::kWriteNanAndInfFlag>
      writer(buffer);
  value.Accept(writer);
  return std::string(buffer.GetString(), buffer.GetSize());
}

namespace {

// The stacks of a small text's reader and values fit in here.
constexpr size_t kSmallText = 4096;
constexpr size_t kInlineStackBytes = 1024;

using Stream = rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream>;

// Stands between a reader and the tree it fills: counts, and keeps of arrays of elements only where they are.
template <typename Tree>
class Keeper {
 public:
  Keeper(std::string_view text, rapidjson::MemoryStream& bytes, JsonDocument::IsElements is_elements, bool lazily,
         Tree& tree)
      : text_(text), bytes_(bytes), is_elements_(is_elements), lazily_(lazily), tree_(tree) {}

  const Status& refusal() const { return refusal_; }
  size_t unchecked() const { return unchecked_; }

  bool Null() {
    return Keep([&] { return tree_.Null(); });
  }
  bool Bool(bool value) {
    return Keep([&] { return tree_.Bool(value); });
  }
  bool Int(int value) {
    return Keep([&] { return tree_.Int(value); });
  }
  bool Uint(unsigned value) {
    return Keep([&] { return tree_.Uint(value); });
  }
  bool Int64(int64_t value) {
    return Keep([&] { return tree_.Int64(value); });
  }
  bool Uint64(uint64_t value) {
    return Keep([&] { return tree_.Uint64(value); });
  }
  bool Double(double value) {
    return Keep([&] { return tree_.Double(value); });
  }
  bool String(const char* text, rapidjson::SizeType size, bool copy) {
    return Keep([&] { return tree_.String(text, size, copy); });
  }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return false; }  // only on demand, and nobody demands it

  bool StartObject() {
    return Deeper() && Keep([&] { return tree_.StartObject(); });
  }
  bool Key(const char* name, rapidjson::SizeType size, bool copy) {
    const auto keep = [&] { return tree_.Key(name, size, copy); };
    if (!Keep(keep)) return false;
    begins_elements_ = elements_depth_ == 0 && is_elements_ != nullptr && is_elements_({name, size});
    return true;
  }
  bool EndObject(rapidjson::SizeType count) {
    --depth_;
    return elements_depth_ != 0 || tree_.EndObject(count);
  }

  bool StartArray() {
    const bool begins = begins_elements_;
    if (!Deeper() || !Keep([&] { return tree_.StartArray(); })) return false;
    if (!begins) return true;
    elements_depth_ = depth_;
    begin_ = bytes_.Tell();  // of the bracket, which the reader takes afterwards
    SkipElements();
    return true;
  }
  bool EndArray(rapidjson::SizeType count) {
    const bool ends_elements = elements_depth_ == depth_;
    --depth_;
    if (!ends_elements) return elements_depth_ != 0 || tree_.EndArray(count);
    elements_depth_ = 0;
    const std::string_view array = text_.substr(begin_, bytes_.Tell() + 1 - begin_);
    return tree_.String(array.data(), static_cast<rapidjson::SizeType>(array.size()), false) &&
           (elements_.checked ? tree_.Uint(count + static_cast<rapidjson::SizeType>(elements_.count)) : tree_.Null()) &&
           tree_.EndArray(2);
  }

 private:
  bool Refuse(Status refusal) {
    refusal_ = std::move(refusal);
    return false;
  }

  // Lets the reader find the array that begins here empty, if it is one of usual form: after the byte that it takes
  // next comes the closing bracket.
  void SkipElements() {
    if (!last_bracket_) last_bracket_ = text_.rfind(']');
    const std::string_view rest = text_.substr(0, *last_bracket_ + 1).substr(std::min(begin_, *last_bracket_ + 1));
    std::optional<JsonElements> elements;
    if (lazily_) elements = Unchecked(rest);
    if (!elements) elements = ScanJsonElements(rest);
    elements_ = elements.value_or(JsonElements());
    if (!elements) return;
    bytes_.src_ += elements->text.size() - 2;
    if (!elements->checked) ++unchecked_;
  }

  // To the first closing bracket. If the text is well formed, that is the array's, since in what stands before it there
  // is no array, object or text.
  static std::optional<JsonElements> Unchecked(std::string_view rest) {
    const std::string_view array = rest.substr(0, rest.find(']') + 1);
    if (array.empty()) return {};
    for (const char c : {'"', '{', '['}) {
      if (array.find(c, 1) != std::string_view::npos) return {};
    }
    return JsonElements{.text = array, .checked = false};
  }

  bool Deeper() {
    ++depth_;
    if (depth_ - std::max(elements_depth_ - 1, 0) <= kMaxJsonNesting) return true;
    return Refuse(InvalidArg("JSON nesting depth exceeds maximum allowed limit ({})", kMaxJsonNesting));
  }

  template <typename Function>
  bool Keep(Function keep) {
    begins_elements_ = false;
    if (elements_depth_ != 0) return true;
    if (++values_ <= kMaxJsonValues) return keep();
    return Refuse(InvalidArg("expected JSON of at most {} values outside of tensors, got more", kMaxJsonValues));
  }

  const std::string_view text_;
  rapidjson::MemoryStream& bytes_;
  const JsonDocument::IsElements is_elements_;
  const bool lazily_;
  Tree& tree_;
  Status refusal_;
  int depth_ = 0;
  int elements_depth_ = 0;        // depth of the array of elements that is being read; 0: none is
  bool begins_elements_ = false;  // the next value is one, if it is an array
  size_t begin_ = 0;
  JsonElements elements_;  // of it, if the reader does not see them
  size_t unchecked_ = 0;
  std::optional<size_t> last_bracket_;  // of the text, searched for once
  size_t values_ = 0;
};

}  // namespace

// `stacks` gives memory to the reader and to what is not yet complete.
template <typename StackAllocator>
Status JsonDocument::Read(std::string_view text, IsElements is_elements, Elements elements, StackAllocator& stacks) {
  using Tree = rapidjson::GenericDocument<rapidjson::UTF8<>, JsonPool, StackAllocator>;
  rapidjson::MemoryStream bytes(text.data(), text.size());
  Stream stream(bytes);
  Tree tree(&pool_, kInlineStackBytes / 4, &stacks);
  Keeper<Tree> keeper(text, bytes, is_elements, elements == Elements::kLazy, tree);
  rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, StackAllocator> reader(&stacks, kInlineStackBytes / 4);
  rapidjson::ParseResult result;
  const auto read = [&](Tree&) {
    constexpr unsigned kFlags = rapidjson::kParseNanAndInfFlag | rapidjson::kParseIterativeFlag;
    result = reader.template Parse<kFlags>(stream, keeper);
    return !result.IsError();
  };
  tree.Populate(read);
  unchecked_ = keeper.unchecked();
  if (!keeper.refusal().ok()) return keeper.refusal();
  if (result.IsError()) {
    return Internal("failed to parse the request JSON buffer: {} at {}", rapidjson::GetParseError_En(result.Code()),
                    result.Offset());
  }
  root_ = static_cast<JsonValue&>(tree);
  return {};
}

Status JsonDocument::Parse(std::string_view text, IsElements is_elements, Elements elements) {
  if (text.size() > std::numeric_limits<rapidjson::SizeType>::max()) {
    return InvalidArg("expected JSON of at most {} bytes, got {}", std::numeric_limits<rapidjson::SizeType>::max(),
                      text.size());
  }
  try {
    if (text.size() > kSmallText) {
      JsonAllocator heap;  // gives back what a stack grew out of, as a pool does not
      return Read(text, is_elements, elements, heap);
    }
    alignas(16) char stack[kInlineStackBytes];
    JsonPool stacks(stack, sizeof(stack));
    return Read(text, is_elements, elements, stacks);
  } catch (const std::bad_alloc&) {
    return Unavailable("no memory to read JSON of {} bytes", text.size());
  }
}

Status JsonDocument::Parse(std::string_view text, IsElements is_elements) {
  return Parse(text, is_elements, Elements::kChecked);
}

Status JsonDocument::ParseLazily(std::string_view text, IsElements is_elements) {
  text_ = text;
  is_elements_ = is_elements;
  Status status = Parse(text, is_elements, Elements::kLazy);
  if (!status.ok()) RETURN_IF_ERROR(Check());
  return status;
}

Status JsonDocument::Check() {
  if (unchecked_ == 0) return {};
  RETURN_IF_ERROR(JsonDocument().Parse(text_, is_elements_));
  unchecked_ = 0;
  return {};
}

JsonElements JsonDocument::ElementsOf(const JsonValue& array) {
  const JsonValue& count = array[1];
  const bool checked = !count.IsNull();
  return {.text = JsonText(array[0]), .count = checked ? count.GetUint() : 0, .checked = checked};
}

}  // namespace neso
