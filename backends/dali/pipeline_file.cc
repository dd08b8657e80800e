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

// Its first field is the operator's or the output's name, or one of them is.
bool IsNamed(std::string_view message) {
  bool named = false;
  Fields fields(message);
  while (const std::optional<Field> field = fields.Next()) {
    if (field->number == 1 && field->type == WireType::kBytes && !field->bytes.empty()) named = true;
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
    case kOperator: ++counts.operators; return field.type == WireType::kBytes && IsNamed(field.bytes);
    case kOutput: ++counts.outputs; return field.type == WireType::kBytes && IsNamed(field.bytes);
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
