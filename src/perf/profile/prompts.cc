#include "perf/profile/prompts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <random>
#include <string_view>

#include "base/json_member.h"
#include "base/read_file.h"
#include "base/text.h"
#include "client/numbers.h"
#include "client/text_elements.h"
#include "neso/datatype.h"

namespace neso::perf {
namespace {

constexpr size_t kMostBytes = size_t{256} << 20;
constexpr std::array<std::string_view, 3> kTextInputs = {"text_input", "prompt", "text"};
// Short and common ones: most tokenizers have each of them as one token.
constexpr std::array<std::string_view, 16> kWords = {"the", "time", "of",    "day", "is",   "what", "we",   "make",
                                                     "it",  "and",  "there", "was", "some", "work", "left", "over"};

Expected<std::string> TextOfLine(std::string_view line, size_t number, const std::string& file) {
  if (!line.starts_with('{')) return std::string(line);
  JsonDocument document;
  const bool is_json = document.Parse(line).ok();
  for (const char* const name : {"text", "text_input"}) {
    const JsonValue* const text = is_json ? FindMember(document.root(), name) : nullptr;
    if (text != nullptr && text->IsString()) return std::string(JsonText(*text));
  }
  return InvalidArg("{}, line {}: expected a prompt, or {{\"text\": \"...\"}}", file, number);
}

Expected<std::vector<std::string>> TextsOfFile(const std::string& file) {
  ASSIGN_OR_RETURN(const std::string content, ReadFile(file, kMostBytes));
  std::vector<std::string> texts;
  size_t number = 0;
  for (const std::string_view line : Split(content, '\n')) {
    number++;
    if (TrimBlanks(line).empty()) continue;
    ASSIGN_OR_RETURN(texts.emplace_back(), TextOfLine(TrimBlanks(line), number, file));
  }
  if (texts.empty()) return InvalidArg("{}: expected a prompt in each line, got none", file);
  return texts;
}

std::string MadeUpText(uint64_t words, std::mt19937& random) {
  std::string text;
  for (uint64_t i = 0; i < words; i++) text.append(i > 0 ? " " : "").append(kWords[random() % kWords.size()]);
  return text;
}

std::vector<std::string> MadeUpTexts(const PromptSettings& settings) {
  std::mt19937 random(static_cast<uint32_t>(settings.seed));
  std::normal_distribution<double> words(static_cast<double>(settings.words),
                                         static_cast<double>(std::max<uint64_t>(1, settings.words_deviation)));
  std::vector<std::string> texts;
  for (uint64_t i = 0; i < settings.count; i++) {
    const double count = settings.words_deviation == 0 ? static_cast<double>(settings.words) : words(random);
    texts.push_back(MadeUpText(static_cast<uint64_t>(std::max(1.0, std::round(count))), random));
  }
  return texts;
}

// Each element is that. Error: kInvalidArg for what the datatype does not have.
Expected<Tensor> TensorOf(const TensorFacts& input, std::string_view value) {
  Tensor tensor{.name = input.name, .datatype = input.datatype, .shape = input.shape, .bytes = {}};
  for (int64_t& size : tensor.shape) size = size < 0 ? 1 : size;
  ASSIGN_OR_RETURN(const uint64_t elements, ElementsOf(tensor.name, tensor.shape));
  const TRITONSERVER_DataType datatype = FindDataType(input.datatype, &DataTypeFacts::name);
  if (datatype == TRITONSERVER_TYPE_INVALID) return InvalidArg("the datatype '{}' is not known", input.datatype);
  for (uint64_t i = 0; i < elements; i++) {
    if (input.datatype == "BYTES") {
      client::AppendText(tensor.bytes, value);
      continue;
    }
    ASSIGN_OR_RETURN(const client::Number number, client::ReadNumber(value));
    RETURN_IF_ERROR(client::AppendNumber(tensor.bytes, datatype, number));
  }
  return tensor;
}

using Values = std::map<std::string, std::string, std::less<>>;

// What inputs besides the text bring, whether they may be left out or not.
Expected<Values> ValuesOf(const PromptSettings& settings, const ModelFacts& facts, std::string_view prompt) {
  Values values = {{"stream", "true"}, {"max_tokens", std::to_string(settings.max_tokens)}};
  for (const std::string& word : settings.extra) {
    const size_t colon = word.find(':');
    if (colon == std::string::npos || colon == 0)
      return InvalidArg("--extra-inputs {}: expected NAME:VALUE, such as temperature:0.5", word);
    values[word.substr(0, colon)] = word.substr(colon + 1);
    if (std::ranges::find(facts.inputs, word.substr(0, colon), &TensorFacts::name) == facts.inputs.end())
      return InvalidArg("--extra-inputs {}: the model has no input '{}'", word, word.substr(0, colon));
    if (word.substr(0, colon) == prompt)
      return InvalidArg("--extra-inputs {}: that input is the prompt: --input-file brings prompts", word);
  }
  for (const TensorFacts& input : facts.inputs) {
    if (input.is_optional || values.contains(input.name)) continue;
    if (input.name == "sampling_parameters") values[input.name] = "{}";
    if (input.name == "bad_words" || input.name == "stop_words") values[input.name] = "";
  }
  return values;
}

const TensorFacts* TextInputOf(const ModelFacts& facts) {
  for (const std::string_view name : kTextInputs) {
    const auto found = std::ranges::find(facts.inputs, name, &TensorFacts::name);
    if (found != facts.inputs.end() && found->datatype == "BYTES") return &*found;
  }
  return nullptr;
}

}  // namespace

Expected<std::vector<std::string>> PromptTexts(const PromptSettings& settings) {
  if (settings.file.empty()) return MadeUpTexts(settings);
  return TextsOfFile(settings.file);
}

size_t WordsIn(std::string_view text) {
  size_t words = 0;
  for (bool was_blank = true; const char c : text) {
    const bool is_blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (was_blank && !is_blank) words++;
    was_blank = is_blank;
  }
  return words;
}

Expected<std::vector<Stream>> AskWith(const std::vector<std::string>& texts, const PromptSettings& settings,
                                      const ModelFacts& facts, const std::string& model) {
  if (!facts.is_decoupled)
    return InvalidArg(
        "model '{}' answers a request once, so that there is no time from token to token: expected one with "
        "model_transaction_policy {{ decoupled: true }}; neso perf -m {} measures this one",
        model, model);
  const TensorFacts* const text_input = TextInputOf(facts);
  if (text_input == nullptr)
    return InvalidArg("model '{}' has no prompt: expected an input of BYTES called {}", model, Join(kTextInputs, ", "));
  ASSIGN_OR_RETURN(const Values values, ValuesOf(settings, facts, text_input->name));
  TensorSet others;
  for (const TensorFacts& input : facts.inputs) {
    if (&input == text_input) continue;
    const auto value = values.find(input.name);
    if (value == values.end() && input.is_optional) continue;
    if (value == values.end())
      return InvalidArg("model '{}': nobody says what its input '{}' is to be: --extra-inputs {}:VALUE does", model,
                        input.name, input.name);
    Expected<Tensor> tensor = TensorOf(input, value->second);
    if (!tensor) return InvalidArg("input '{}': {}", input.name, tensor.error().message());
    others.inputs.push_back(*std::move(tensor));
  }
  Stream stream;
  for (const std::string& text : texts) {
    TensorSet& step = stream.emplace_back(others);
    ASSIGN_OR_RETURN(step.inputs.emplace_back(), TensorOf(*text_input, text));
  }
  return std::vector<Stream>{std::move(stream)};
}

}  // namespace neso::perf
