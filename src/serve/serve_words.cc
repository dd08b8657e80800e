#include "serve/serve_words.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "neso/datatype.h"
#include "serve/model_source.h"

namespace neso {
namespace {

constexpr int kLastPort = 65535;
constexpr int kPorts = 3;  // HTTP, gRPC, metrics

template <typename Number>
std::optional<Number> ReadNumber(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Status SetPort(ServeWords& words, const std::string& text) {
  words.choose_ports = text == "auto";
  if (words.choose_ports) return {};
  const std::optional<int> port = ReadNumber<int>(text);
  if (!port || *port < 1 || *port > kLastPort - kPorts + 1) {
    return InvalidArg("--port {}: expected 'auto', or a port, to which the next two are added for gRPC and metrics",
                      text);
  }
  words.port = *port;
  return {};
}

Status SetName(ServeWords& words, const std::string& text) {
  if (text.empty() || ModelNameFrom(text) != text) {
    return InvalidArg("--name {}: expected letters, digits, '.', '_' and '-', such as {}", text, ModelNameFrom(text));
  }
  words.name = text;
  return {};
}

// An option of ours with its value. False if `option` is none.
Expected<bool> Take(ServeWords& words, std::string_view option, const std::string& value) {
  if (option == "--name") {
    RETURN_IF_ERROR(SetName(words, value));
  } else if (option == "--port") {
    RETURN_IF_ERROR(SetPort(words, value));
  } else if (option == "--input") {
    words.inputs.push_back(value);
  } else if (option == "--output") {
    words.outputs.push_back(value);
  } else {
    return false;
  }
  return true;
}

bool TakesValue(std::string_view option) {
  return option == "--name" || option == "--port" || option == "--input" || option == "--output";
}

}  // namespace

Expected<ServeWords> ReadServeWords(const std::vector<std::string>& arguments) {
  ServeWords words;
  const bool is_init = arguments[1] == "init";
  for (size_t i = 2; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    const std::string option = word.substr(0, word.find('='));
    if (is_init && word == "--stdout") {
      words.to_stdout = true;
    } else if (is_init && word == "--force") {
      words.force = true;
    } else if (TakesValue(option)) {
      const bool is_joined = option.size() < word.size();
      if (!is_joined && i + 1 == arguments.size()) return InvalidArg("{} needs a value", option);
      const std::string value = is_joined ? word.substr(option.size() + 1) : arguments[++i];
      ASSIGN_OR_RETURN(const bool taken, Take(words, option, value));
      CHECK(taken, "each option that takes a value is known");
    } else if (words.what.empty() && !word.starts_with('-')) {
      words.what = word;
    } else {
      words.server_options.push_back(word);
    }
  }
  if (words.what.empty()) {
    return InvalidArg("expected a model: neso {} {}", arguments[1],
                      is_init ? "FILE|FOLDER [--stdout] [--force] [option...]"
                              : "FILE|FOLDER|PACKAGE [--name NAME] [--port PORT|auto] [option...]");
  }
  return words;
}

namespace {

// As a configuration has it behind TYPE_; `name` is that, or the protocols' name. Empty: it is none.
std::string_view ConfiguredDataType(const std::string& name) {
  constexpr std::string_view kPrefix = "TYPE_";
  TRITONSERVER_DataType found = FindDataType(name, &DataTypeFacts::name);
  if (found == TRITONSERVER_TYPE_INVALID) {
    found = FindDataType(std::string(kPrefix) + name, &DataTypeFacts::config_name);
  }
  if (found == TRITONSERVER_TYPE_INVALID) return {};
  return FactsOfDataType(found).config_name.substr(kPrefix.size());
}

std::string DataTypeNames() {
  std::vector<std::string_view> names;
  for (const DataTypeFacts& facts : kDataTypes) names.push_back(facts.name);
  names.erase(names.begin());  // that of none
  return Join(names, ", ");
}

}  // namespace

Expected<TypedTensor> ReadTypedTensor(const std::string& text) {
  const size_t equals = text.find('=');
  const size_t open = text.find('[', equals == std::string::npos ? 0 : equals);
  const Status expected = InvalidArg(
      "'{}': expected <name>=<datatype>[<dims>], such as 'image=FP32[-1,3,224,224]', -1 for what is open", text);
  if (equals == std::string::npos || open == std::string::npos || equals == 0 || !text.ends_with(']')) return expected;
  const std::string datatype = text.substr(equals + 1, open - equals - 1);
  TypedTensor tensor{
      .name = text.substr(0, equals), .datatype = std::string(ConfiguredDataType(datatype)), .shape = {}};
  if (tensor.name.find_first_of("\"\\\n") != std::string::npos) return expected;
  if (tensor.datatype.empty())
    return InvalidArg("'{}': '{}' is no datatype: expected one of {}", text, datatype, DataTypeNames());
  const std::string_view dims = std::string_view(text).substr(open + 1, text.size() - open - 2);
  for (const std::string_view dim : Split(dims, ',')) {
    const std::optional<int64_t> number = ReadNumber<int64_t>(TrimBlanks(dim));
    if (!number || (*number < 1 && *number != -1)) return expected;
    tensor.shape.push_back(*number);
  }
  return tensor;
}

}  // namespace neso
