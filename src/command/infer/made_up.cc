#include "command/infer/made_up.h"

#include <algorithm>
#include <array>
#include <random>
#include <string_view>

#include "client/numbers.h"
#include "client/text_elements.h"
#include "command/infer/fit_shape.h"
#include "command/infer/text_values.h"

namespace neso::command {
namespace {

constexpr uint64_t kMostElements = uint64_t{1} << 28;
constexpr std::array<std::string_view, 3> kPrompts = {"prompt", "text", "text_input"};

struct Usual {
  std::string_view name, value;
};
constexpr std::array kUsual = {Usual{"sampling_parameters", "{}"}, Usual{"stream", "false"}, Usual{"max_tokens", "128"},
                               Usual{"bad_words", ""}, Usual{"stop_words", ""}};

// The one value of an input that is said by name; none for other inputs.
std::optional<std::string> ValueFor(const TensorFacts& input, const std::string& prompt) {
  if (std::ranges::find(kPrompts, input.name) != kPrompts.end()) return prompt;
  const auto usual = std::ranges::find(kUsual, input.name, &Usual::name);
  if (usual == kUsual.end()) return std::nullopt;
  return std::string(usual->value);
}

Expected<Tensor> OneValue(const TensorFacts& input, bool batches, const std::string& value) {
  Tensor tensor{.name = input.name, .datatype = input.datatype};
  if (input.datatype == TRITONSERVER_TYPE_BYTES) {
    client::AppendText(tensor.bytes, value);
  } else {
    ASSIGN_OR_RETURN(TextValues values, ReadTextValues(value, input.datatype));
    tensor.bytes = std::move(values.tensor.bytes);
  }
  ASSIGN_OR_RETURN(tensor.shape, SpreadShape(input.shape, batches, 1));
  return tensor;
}

// `shape`: what of it is open is 1.
Expected<Tensor> Filled(const TensorFacts& input, const Shape& shape, Fill fill, std::mt19937& random) {
  Tensor tensor{.name = input.name, .datatype = input.datatype, .shape = shape};
  uint64_t count = 1;
  for (int64_t& size : tensor.shape) {
    if (size < 0) size = 1;
    if (__builtin_mul_overflow(count, static_cast<uint64_t>(size), &count) || count > kMostElements)
      return Unsupported("input '{}': {} is too large to be made up", input.name, ShapeText(shape));
  }
  for (uint64_t i = 0; i < count; i++) {
    const bool is_zero = fill == Fill::kZero;
    if (input.datatype == TRITONSERVER_TYPE_BYTES) {
      client::AppendText(tensor.bytes, is_zero ? "" : std::to_string(random() % 100));
      continue;
    }
    const bool is_float =
        tensor.TypeName().find("FP") != std::string_view::npos || input.datatype == TRITONSERVER_TYPE_BF16;
    const client::Number drawn =
        is_float ? std::uniform_real_distribution<float>()(random) : static_cast<client::Number>(random() % 2);
    RETURN_IF_ERROR(client::AppendNumber(tensor.bytes, input.datatype, is_zero ? 0 : drawn));
  }
  return tensor;
}

// That of an input in the request; as `shapes` says, if they say it.
Expected<Shape> ShapeFor(const TensorFacts& input, bool batches, const std::map<std::string, Shape>& shapes) {
  const auto said = shapes.find(input.name);
  if (said == shapes.end()) return input.shape;
  Expected<Shape> shape = FitShape(input.shape, batches, said->second);
  if (!shape) return shape.error().WithContext("input '{}'", input.name);
  return shape;
}

}  // namespace

Status MakeUpMissing(const ModelFacts& facts, const std::optional<std::string>& prompt, Fill fill,
                     const std::map<std::string, Shape>& shapes, std::vector<Tensor>& tensors) {
  std::mt19937 random(1);  // the same each time
  bool is_prompted = !prompt.has_value();
  for (const TensorFacts& input : facts.inputs) {
    const bool is_given = std::ranges::find(tensors, input.name, &Tensor::name) != tensors.end();
    if (is_given || input.optional) continue;
    const std::optional<std::string> value = prompt ? ValueFor(input, *prompt) : std::nullopt;
    is_prompted |= std::ranges::find(kPrompts, input.name) != kPrompts.end();
    if (value) {
      Expected<Tensor> tensor = OneValue(input, facts.batches, *value);
      if (!tensor) return tensor.error().WithContext("input '{}'", input.name);
      tensors.push_back(*std::move(tensor));
    } else if (fill != Fill::kNone) {
      ASSIGN_OR_RETURN(const Shape shape, ShapeFor(input, facts.batches, shapes));
      ASSIGN_OR_RETURN(Tensor tensor, Filled(input, shape, fill, random));
      tensors.push_back(std::move(tensor));
    }
  }
  if (is_prompted) return {};
  return InvalidArg("--prompt: '{}' has no input called prompt, text or text_input", facts.name);
}

}  // namespace neso::command
