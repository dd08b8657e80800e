#include "pipeline_file.h"

#include <optional>

namespace neso::dali {
namespace {

constexpr uint64_t kNumThreads = 1;
constexpr uint64_t kBatchSize = 2;
constexpr uint64_t kOperator = 5;
constexpr uint64_t kOutput = 7;
constexpr uint64_t kDevice = 8;
constexpr int64_t kCpuOnly = -99999;  // what DALI writes for a pipeline without a GPU

enum WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct Field {
  uint64_t number = 0;
  WireType type = kVarint;
  uint64_t value = 0;      // of a varint
  std::string_view bytes;  // of a string or message
};

// Takes a message's fields one after the other.
class Fields {
 public:
  explicit Fields(std::string_view message) : rest_(message) {}

  bool at_end() const { return rest_.empty(); }
  // nullopt where the message is none.
  std::optional<Field> Next() {
    const std::optional<uint64_t> key = Varint();
    if (!key || *key >> 3 == 0) return std::nullopt;
    Field field{.number = *key >> 3, .type = static_cast<WireType>(*key & 7), .bytes = {}};
    switch (field.type) {
      case kVarint: return WithValue(field);
      case kFixed64: return WithBytes(field, 8);
      case kFixed32: return WithBytes(field, 4);
      case kBytes: return WithBytes(field, Varint());
    }
    return std::nullopt;
  }

 private:
  std::optional<uint64_t> Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }
  std::optional<Field> WithValue(Field field) {
    const std::optional<uint64_t> value = Varint();
    if (!value) return std::nullopt;
    field.value = *value;
    return field;
  }
  std::optional<Field> WithBytes(Field field, std::optional<uint64_t> size) {
    if (!size || *size > rest_.size()) return std::nullopt;
    field.bytes = rest_.substr(0, static_cast<size_t>(*size));
    rest_.remove_prefix(field.bytes.size());
    return field;
  }

  std::string_view rest_;
};

// Its first field is the operator's or the output's name, or one of them is.
bool IsNamed(std::string_view message) {
  bool named = false;
  for (Fields fields(message); !fields.at_end();) {
    const std::optional<Field> field = fields.Next();
    if (!field) return false;
    if (field->number == 1 && field->type == kBytes && !field->bytes.empty()) named = true;
  }
  return named;
}

struct Counts {
  size_t operators = 0;
  size_t outputs = 0;
};

// Whether the field can stand in a pipeline.
bool Take(const Field& field, PipelineNumbers& numbers, Counts& counts) {
  switch (field.number) {
    case kNumThreads: numbers.num_threads = static_cast<int64_t>(field.value); return field.type == kVarint;
    case kBatchSize: numbers.max_batch_size = static_cast<int64_t>(field.value); return field.type == kVarint;
    case kOperator: ++counts.operators; return field.type == kBytes && IsNamed(field.bytes);
    case kOutput: ++counts.outputs; return field.type == kBytes && IsNamed(field.bytes);
    default: return true;
  }
}

}  // namespace

Result<PipelineNumbers> ReadPipelineNumbers(std::string_view serialized) {
  PipelineNumbers numbers;
  Counts counts;
  for (Fields fields(serialized); !fields.at_end();) {
    const std::optional<Field> field = fields.Next();
    if (!field || !Take(*field, numbers, counts)) {
      return Status::InvalidArg("it is damaged, or not a pipeline that DALI has serialized");
    }
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
  serialized += static_cast<char>(kDevice << 3 | kVarint);
  auto number = static_cast<uint64_t>(kCpuOnly);
  for (; number >= 0x80; number >>= 7) serialized += static_cast<char>(number | 0x80);
  serialized += static_cast<char>(number);
  return serialized;
}

}  // namespace neso::dali
