#include "command/infer/input_words.h"

#include <algorithm>

#include "base/json.h"
#include "base/nearest.h"
#include "base/read_file.h"
#include "base/text.h"
#include "command/infer/fit_shape.h"
#include "command/infer/npy.h"
#include "command/infer/text_values.h"

namespace neso::command {
namespace {

constexpr size_t kMostBytes = size_t{2} << 30;

struct InputWord {
  const TensorFacts* input;
  std::string value;
};

std::vector<std::string> NamesOf(const std::vector<TensorFacts>& tensors) {
  std::vector<std::string> names;
  for (const TensorFacts& tensor : tensors) names.push_back(tensor.name);
  return names;
}

// "x (FP32 [-1,3])"
std::string Describe(const TensorFacts& tensor) {
  return fmt::format("{} ({} {})", tensor.name, FactsOfDataType(tensor.datatype).name, ShapeText(tensor.shape));
}

std::string DescribeAll(const std::vector<TensorFacts>& tensors) {
  std::vector<std::string> texts;
  for (const TensorFacts& tensor : tensors) texts.push_back(Describe(tensor));
  return Join(texts, ", ");
}

// The only input that has to be there; null if there are others.
const TensorFacts* OnlyInput(const ModelFacts& facts) {
  const TensorFacts* only = nullptr;
  for (const TensorFacts& input : facts.inputs) {
    if (input.optional) continue;
    if (only != nullptr) return nullptr;
    only = &input;
  }
  return only;
}

Expected<InputWord> ReadWord(const std::string& word, const ModelFacts& facts) {
  const size_t equals = word.find('=');
  const std::string name = word.substr(0, equals);
  if (equals != std::string::npos) {
    const auto input = std::ranges::find(facts.inputs, name, &TensorFacts::name);
    if (input != facts.inputs.end()) return InputWord{&*input, word.substr(equals + 1)};
  }
  const TensorFacts* const only = OnlyInput(facts);
  const bool has_no_name = equals == std::string::npos || word.starts_with('@');
  if (only != nullptr && has_no_name) return InputWord{only, word};
  if (equals == std::string::npos) {
    return InvalidArg("'{}': expected NAME=VALUE; the inputs of '{}' are {}", word, facts.name,
                      DescribeAll(facts.inputs));
  }
  const std::vector<std::string> meant = NearestNames(name, NamesOf(facts.inputs));
  return InvalidArg("'{}' has no input '{}'{}; its inputs are {}", facts.name, name,
                    meant.empty() ? "" : "; did you mean " + Join(meant, " or ") + "?", DescribeAll(facts.inputs));
}

// What a file, or the standard input, has in it.
Expected<TextValues> ReadContent(std::string_view bytes, const TensorFacts& input, const ModelFacts& facts,
                                 const InputOptions& options) {
  if (IsNpy(bytes)) {
    ASSIGN_OR_RETURN(Tensor array, ReadNpy(bytes));
    ASSIGN_OR_RETURN(Tensor tensor, Convert(std::move(array), input.datatype));
    return TextValues{.tensor = std::move(tensor), .has_shape = true};
  }
  if (IsImage(bytes)) {
    ASSIGN_OR_RETURN(Tensor tensor, ReadImage(bytes, input, facts.batches, options.scaling));
    return TextValues{.tensor = std::move(tensor), .has_shape = true};
  }
  if (input.datatype != TRITONSERVER_TYPE_BYTES) {
    Expected<TextValues> values = ReadTextValues(bytes, input.datatype);
    if (!values) return values.error().WithContext("neither .npy nor a picture, and as text");
    return values;
  }
  // One text, with its lines; the last line's end is the editor's, or the shell's.
  if (bytes.ends_with('\n')) bytes.remove_suffix(1);
  return OneText(bytes);
}

// An item has no room for more than one text, so that its commas are its own.
bool TakesOneText(const TensorFacts& input, bool batches) {
  const auto item = input.shape.begin() + (batches && !input.shape.empty() ? 1 : 0);
  return input.datatype == TRITONSERVER_TYPE_BYTES && item != input.shape.end() &&
         std::all_of(item, input.shape.end(), [](int64_t size) { return size == 1; });
}

// Of the command line.
Expected<TextValues> ReadTyped(std::string_view text, const TensorFacts& input, const ModelFacts& facts) {
  if (!TakesOneText(input, facts.batches)) return ReadTextValues(text, input.datatype);
  JsonDocument document;
  const bool is_array = TrimBlanks(text).starts_with('[') && document.Parse(text).ok();
  if (is_array) return ReadTextValues(text, input.datatype);
  return OneText(text);
}

Expected<TextValues> ReadValue(const InputWord& word, const ModelFacts& facts, const InputOptions& options) {
  if (word.value == "-") return ReadContent(options.standard_input, *word.input, facts, options);
  if (!word.value.starts_with('@')) return ReadTyped(word.value, *word.input, facts);
  const std::string path = word.value.substr(1);
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kMostBytes));
  Expected<TextValues> content = ReadContent(bytes, *word.input, facts, options);
  if (!content) return content.error().WithContext("{}", path);
  return content;
}

Status GiveShape(TextValues& values, const TensorFacts& input, bool batches, const InputOptions& options) {
  Shape& shape = values.tensor.shape;
  if (values.has_shape) {
    ASSIGN_OR_RETURN(shape, FitShape(input.shape, batches, shape));
    return {};
  }
  const auto count = static_cast<uint64_t>(shape[0]);
  const auto asked = options.shapes.find(input.name);
  if (asked == options.shapes.end()) {
    ASSIGN_OR_RETURN(shape, SpreadShape(input.shape, batches, count));
    return {};
  }
  // The dimensions that --shape gives are those that can be open.
  ASSIGN_OR_RETURN(Shape wanted, FitShape(input.shape, batches, asked->second));
  ASSIGN_OR_RETURN(shape, SpreadShape(wanted, /*batches=*/false, count));
  return {};
}

Expected<Tensor> ReadInput(const InputWord& word, const ModelFacts& facts, const InputOptions& options) {
  Expected<TextValues> values = ReadValue(word, facts, options);
  if (!values) return values.error().WithContext("input '{}'", word.input->name);
  if (const Status shaped = GiveShape(*values, *word.input, facts.batches, options); !shaped.ok())
    return shaped.WithContext("input '{}'", word.input->name);
  values->tensor.name = word.input->name;
  return std::move(values->tensor);
}

// Behind what the input has already.
Status AddToBatch(Tensor& tensor, const Tensor& more, const ModelFacts& facts) {
  if (!facts.batches)
    return InvalidArg("input '{}' was given twice, and '{}' takes no batches", tensor.name, facts.name);
  if (!std::equal(tensor.shape.begin() + 1, tensor.shape.end(), more.shape.begin() + 1, more.shape.end())) {
    return InvalidArg("input '{}': {} and {} do not make a batch", tensor.name, ShapeText(tensor.shape),
                      ShapeText(more.shape));
  }
  tensor.shape[0] += more.shape[0];
  tensor.bytes += more.bytes;
  return {};
}

Status CheckAllThere(const std::vector<Tensor>& tensors, const ModelFacts& facts) {
  std::vector<std::string> missing, example;
  for (const TensorFacts& input : facts.inputs) {
    if (input.optional || std::ranges::find(tensors, input.name, &Tensor::name) != tensors.end()) continue;
    missing.push_back(Describe(input));
    example.push_back(input.name + (input.datatype == TRITONSERVER_TYPE_BYTES ? "='a text'" : "=@file.npy"));
  }
  if (missing.empty()) return {};
  return InvalidArg("'{}' needs {}: add {}, values such as 1,2,3, or - for standard input", facts.name,
                    Join(missing, ", "), Join(example, " "));
}

}  // namespace

bool ReadsStandardInput(const std::vector<std::string>& words) {
  return std::ranges::any_of(words, [](const std::string& word) { return word == "-" || word.ends_with("=-"); });
}

Expected<std::vector<Tensor>> ReadInputs(const std::vector<std::string>& words, const ModelFacts& facts,
                                         const InputOptions& options) {
  for (const auto& [name, shape] : options.shapes) {
    if (std::ranges::find(facts.inputs, name, &TensorFacts::name) == facts.inputs.end())
      return InvalidArg("--shape {}: '{}' has the inputs {}", name, facts.name, DescribeAll(facts.inputs));
  }
  std::vector<Tensor> tensors;
  for (const std::string& text : words) {
    ASSIGN_OR_RETURN(const InputWord word, ReadWord(text, facts));
    ASSIGN_OR_RETURN(Tensor tensor, ReadInput(word, facts, options));
    const auto same = std::ranges::find(tensors, tensor.name, &Tensor::name);
    if (same == tensors.end()) {
      tensors.push_back(std::move(tensor));
    } else {
      RETURN_IF_ERROR(AddToBatch(*same, tensor, facts));
    }
  }
  RETURN_IF_ERROR(MakeUpMissing(facts, options.prompt, options.fill, options.shapes, tensors));
  RETURN_IF_ERROR(CheckAllThere(tensors, facts));
  return tensors;
}

}  // namespace neso::command
