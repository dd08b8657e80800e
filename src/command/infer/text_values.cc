#include "command/infer/text_values.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "client/numbers.h"
#include "client/text_elements.h"

namespace neso::command {
namespace {

constexpr size_t kMostQuoted = 100;

// Walks through nested arrays; all on one level have the same length.
class NestedValues {
 public:
  explicit NestedValues(Tensor& tensor) : tensor_(tensor) {}

  Status Take(const JsonValue& value, size_t depth) {
    if (!value.IsArray()) {
      if (depth != tensor_.shape.size() && has_element_) return Uneven();
      has_element_ = true;
      return TakeElement(value);
    }
    const auto size = static_cast<int64_t>(value.Size());
    if (depth == tensor_.shape.size()) {
      if (has_element_) return Uneven();
      tensor_.shape.push_back(size);
    } else if (tensor_.shape[depth] != size) {
      return Uneven();
    }
    for (const JsonValue& inner : value.GetArray()) RETURN_IF_ERROR(Take(inner, depth + 1));
    return {};
  }

 private:
  static Status Uneven() { return InvalidArg("brackets of different lengths: expected such as [[1,2],[3,4]]"); }

  Status TakeElement(const JsonValue& value) {
    if (tensor_.datatype == TRITONSERVER_TYPE_BYTES) {
      client::AppendText(tensor_.bytes, value.IsString() ? std::string(JsonText(value)) : DumpJson(value));
      return {};
    }
    return client::AppendJsonNumber(tensor_.bytes, tensor_.datatype, value);
  }

  Tensor& tensor_;
  bool has_element_ = false;
};

Expected<TextValues> ReadNested(const JsonValue& array, TRITONSERVER_DataType datatype) {
  TextValues values{.tensor = {.datatype = datatype}, .has_shape = true};
  RETURN_IF_ERROR(NestedValues(values.tensor).Take(array, 0));
  return values;
}

// Texts are apart at commas only: they may have blanks in them.
std::vector<std::string_view> WordsIn(std::string_view text, bool at_blanks) {
  std::vector<std::string_view> words;
  for (const std::string_view piece : Split(text, ',')) {
    if (!at_blanks) {
      words.push_back(piece);
      continue;
    }
    for (std::string_view rest = TrimBlanks(piece); !rest.empty(); rest = TrimBlanks(rest)) {
      const std::string_view word = rest.substr(0, rest.find_first_of(" \t\r\n"));
      words.push_back(word);
      rest.remove_prefix(word.size());
    }
  }
  return words;
}

}  // namespace

TextValues OneText(std::string_view text) {
  TextValues values{.tensor = {.datatype = TRITONSERVER_TYPE_BYTES, .shape = {1}}};
  client::AppendText(values.tensor.bytes, text);
  return values;
}

Expected<TextValues> ReadTextValues(std::string_view text, TRITONSERVER_DataType datatype) {
  const bool are_texts = datatype == TRITONSERVER_TYPE_BYTES;
  if (TrimBlanks(text).starts_with('[')) {
    JsonDocument document;
    if (document.Parse(text).ok()) return ReadNested(document.root(), datatype);
    if (!are_texts) return InvalidArg("expected brackets such as [[1,2],[3,4]], got '{}'", text.substr(0, kMostQuoted));
  }
  TextValues values{.tensor = {.datatype = datatype}};
  const std::vector<std::string_view> words = WordsIn(text, /*at_blanks=*/!are_texts);
  for (const std::string_view word : words) {
    if (are_texts) {
      client::AppendText(values.tensor.bytes, word);
      continue;
    }
    ASSIGN_OR_RETURN(const client::Number number, client::ReadNumber(word));
    RETURN_IF_ERROR(client::AppendNumber(values.tensor.bytes, datatype, number));
  }
  values.tensor.shape = {static_cast<int64_t>(words.size())};
  return values;
}

}  // namespace neso::command
