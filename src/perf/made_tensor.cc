#include "perf/made_tensor.h"

#include <cstring>

#include "client/text_elements.h"
#include "neso/datatype.h"

namespace neso::perf {
namespace {

template <typename Value>
void AppendValue(std::string& out, Value value) {
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  out.append(bytes, sizeof(bytes));
}

// Numbers that no model chokes on: from 0 to 1, small integers, halves of which only the bits of 0.5 to 1 are drawn.
void AppendRandom(std::string& out, std::string_view datatype, size_t width, std::mt19937& random) {
  if (datatype == "FP32") return AppendValue(out, std::uniform_real_distribution<float>()(random));
  if (datatype == "FP64") return AppendValue(out, std::uniform_real_distribution<double>()(random));
  if (datatype == "FP16") return AppendValue(out, static_cast<uint16_t>(0x3800 | (random() & 0x3ff)));
  if (datatype == "BF16") return AppendValue(out, static_cast<uint16_t>(0x3f00 | (random() & 0x7f)));
  const uint64_t value = random() & (datatype == "BOOL" ? 1 : 0x7f);
  for (size_t i = 0; i < width; i++) out += static_cast<char>(value >> (8 * i));
}

void AppendString(std::string& out, const Options& options, std::mt19937& random) {
  std::string text = options.zeros ? std::string() : options.string_data;
  if (text.empty() && !options.zeros) {
    for (uint64_t i = 0; i < options.string_length; i++) text += static_cast<char>('a' + random() % 26);
  }
  client::AppendText(out, text);
}

}  // namespace

Expected<Tensor> MakeTensor(const TensorFacts& facts, const Options& options, std::mt19937& random) {
  RETURN_IF_ERROR(CheckShapeIsKnown(facts.name, facts.shape));
  ASSIGN_OR_RETURN(const uint64_t elements, ElementsOf(facts.name, facts.shape));
  Tensor tensor{.name = facts.name, .datatype = facts.datatype, .shape = facts.shape, .bytes = {}};
  if (facts.datatype == "BYTES") {
    if (elements > kMostRequestBytes / (options.string_length + options.string_data.size() + 4))
      return Unsupported("input '{}': {} strings are more than fit into a request", facts.name, elements);
    for (uint64_t i = 0; i < elements; i++) AppendString(tensor.bytes, options, random);
    return tensor;
  }
  const size_t width = FactsOfDataType(FindDataType(facts.datatype, &DataTypeFacts::name)).byte_size;
  if (width == 0) return InvalidArg("input '{}': values of datatype {} cannot be made up", facts.name, facts.datatype);
  if (elements > kMostRequestBytes / width)
    return Unsupported("input '{}': {} elements are more than fit into a request", facts.name, elements);
  if (options.zeros) {
    tensor.bytes.assign(elements * width, '\0');
    return tensor;
  }
  tensor.bytes.reserve(elements * width);
  for (uint64_t i = 0; i < elements; i++) AppendRandom(tensor.bytes, facts.datatype, width, random);
  return tensor;
}

}  // namespace neso::perf
