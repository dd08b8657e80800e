#include "pipeline_file.h"

#include <optional>
#include <utility>

#include "neso/protobuf_wire.h"

namespace neso::dali {
namespace {

constexpr uint64_t kNumThreads = 1;
constexpr uint64_t kBatchSize = 2;
constexpr uint64_t kOperator = 5;
constexpr uint64_t kOutput = 7;
constexpr uint32_t kDevice = 8;
constexpr int64_t kCpuOnly = -99999;  // what DALI writes for a pipeline without a GPU

using wire::Field;
using wire::Fields;
using wire::WireType;

// Of an operator: its arguments. Of an argument: its type, whether it is a list, and where values of a type lie.
constexpr uint64_t kArgument = 4;
constexpr uint64_t kArgumentType = 2;
constexpr uint64_t kElement = 7;
constexpr uint64_t kIsList = 8;
constexpr struct {
  std::string_view type;
  uint64_t field;
} kValues[] = {{"float", 3}, {"int64", 4}, {"string", 5}, {"bool", 6}};
constexpr int kDeepest = 100;  // as the library itself reads messages

// DALI reads the first value of an argument that is no list without asking whether there is one, and crashes. Types that
// it does not know it refuses.
bool HasItsValue(std::string_view argument, int depth) {
  std::string_view type;
  bool is_list = false;
  uint32_t fields_with_values = 0;
  Fields fields(argument);
  while (const std::optional<Field> field = fields.Next()) {
    const bool is_bytes = field->type == WireType::kBytes;
    if (field->number == kArgumentType && is_bytes) type = field->bytes;
    if (field->number == kIsList && field->type == WireType::kVarint) is_list = field->value != 0;
    if (field->number == kElement && is_bytes && (depth == kDeepest || !HasItsValue(field->bytes, depth + 1)))
      return false;
    for (const auto& [name, number] : kValues) {
      if (field->number != number) continue;
      const WireType single = name == "string"  ? WireType::kBytes
                              : name == "float" ? WireType::kFixed32
                                                : WireType::kVarint;
      // Numbers may come as one piece, too.
      if (field->type == single || (is_bytes && !field->bytes.empty())) fields_with_values |= 1u << number;
    }
  }
  if (fields.is_broken()) return false;
  for (const auto& [name, number] : kValues) {
    if (!is_list && type == name && (fields_with_values & 1u << number) == 0) return false;
  }
  return true;
}

// One of its fields is the operator's or the output's name; `has_arguments`: those are looked at, too.
bool IsNamed(std::string_view message, bool has_arguments) {
  bool named = false;
  Fields fields(message);
  while (const std::optional<Field> field = fields.Next()) {
    if (field->type != WireType::kBytes) continue;
    if (field->number == 1 && !field->bytes.empty()) named = true;
    if (has_arguments && field->number == kArgument && !HasItsValue(field->bytes, 0)) return false;
  }
  return named && !fields.is_broken();
}

struct Counts {
  size_t operators = 0;
  size_t outputs = 0;
};

// Whether the field can stand in a pipeline.
bool Take(const Field& field, PipelineNumbers& numbers, Counts& counts) {
  switch (field.number) {
    case kNumThreads: numbers.num_threads = static_cast<int64_t>(field.value); return field.type == WireType::kVarint;
    case kBatchSize: numbers.max_batch_size = static_cast<int64_t>(field.value); return field.type == WireType::kVarint;
    case kOperator: ++counts.operators; return field.type == WireType::kBytes && IsNamed(field.bytes, true);
    case kOutput: ++counts.outputs; return field.type == WireType::kBytes && IsNamed(field.bytes, false);
    default: return true;
  }
}

}  // namespace

Result<PipelineNumbers> ReadPipelineNumbers(std::string_view serialized) {
  PipelineNumbers numbers;
  Counts counts;
  Fields fields(serialized);
  bool is_pipeline = true;
  while (const std::optional<Field> field = fields.Next()) is_pipeline = is_pipeline && Take(*field, numbers, counts);
  if (!is_pipeline || fields.is_broken()) {
    return Status::InvalidArg("it is damaged, or not a pipeline that DALI has serialized");
  }
  if (counts.operators == 0 || counts.outputs == 0) {
    return Status::InvalidArg("expected a serialized pipeline of DALI, got one without ",
                              counts.operators == 0 ? "operators" : "outputs", ", or something else");
  }
  if (numbers.max_batch_size < 0 || numbers.max_batch_size > kMaxBatchSize) {
    return Status::InvalidArg("expected a batch_size of 1 to ", kMaxBatchSize, " in the pipeline, got ",
                              numbers.max_batch_size);
  }
  if (numbers.num_threads < 0 || numbers.num_threads > kMaxThreads) {
    return Status::InvalidArg("expected num_threads of 1 to ", kMaxThreads, " in the pipeline, got ",
                              numbers.num_threads);
  }
  return numbers;
}

std::string ForCpu(std::string serialized) {
  // Of a field that is there twice, the last one counts.
  return wire::MessageWriter(std::move(serialized)).Add(kDevice, static_cast<uint64_t>(kCpuOnly)).bytes();
}

}  // namespace neso::dali
