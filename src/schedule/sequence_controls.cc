#include "schedule/sequence_controls.h"

#include <cstring>
#include <span>
#include <string_view>

#include "core/model.h"

namespace neso {
namespace {

using Control = inference::ModelSequenceBatching::Control;

template <typename T>
std::vector<std::byte> BytesOf(T value) {
  std::vector<std::byte> bytes(sizeof(T));
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

// A string element: its length, then its text.
std::vector<std::byte> StringElement(std::string_view text) {
  std::vector<std::byte> bytes = BytesOf(static_cast<uint32_t>(text.size()));
  const auto* const begin = reinterpret_cast<const std::byte*>(text.data());
  bytes.insert(bytes.end(), begin, begin + text.size());
  return bytes;
}

}  // namespace

SequenceControls::SequenceControls(const inference::ModelConfig& config)
    : shape_(config.max_batch_size() > 0 ? Shape{1, 1} : Shape{1}) {
  for (const auto& input : config.sequence_batching().control_input()) {
    for (const Control& control : input.control()) {
      if (control.kind() == Control::CONTROL_SEQUENCE_CORRID) {
        id_name_ = input.name();
        id_datatype_ = static_cast<DataType>(control.data_type());  // the numbers are the same
      } else if (control.int32_false_true_size() == 2) {
        flags_.push_back({control.kind(), input.name(), DataType::kInt32, BytesOf(control.int32_false_true(0)),
                          BytesOf(control.int32_false_true(1))});
      } else if (control.fp32_false_true_size() == 2) {
        flags_.push_back({control.kind(), input.name(), DataType::kFp32, BytesOf(control.fp32_false_true(0)),
                          BytesOf(control.fp32_false_true(1))});
      } else {
        flags_.push_back({control.kind(), input.name(), DataType::kBool, BytesOf(control.bool_false_true(0)),
                          BytesOf(control.bool_false_true(1))});
      }
    }
  }
  no_id_ = Encode(id_datatype_ == DataType::kBytes ? CorrelationId(std::string()) : CorrelationId());
}

Status SequenceControls::CheckCorrelationId(const InferenceRequest& request) const {
  const bool is_text = request.correlation_id().is_text();
  if (id_name_.empty() || is_text == (id_datatype_ == DataType::kBytes)) return {};
  return InvalidArg("{}sequence batching control '{}' data-type is '{}', but model '{}' expects '{}'",
                    request.LogPrefix(), id_name_, DataTypeName(is_text ? DataType::kBytes : DataType::kUint64),
                    request.model()->name(), DataTypeName(id_datatype_));
}

CorrelationId SequenceControls::MakeId(uint64_t number) const {
  return id_datatype_ == DataType::kBytes ? CorrelationId(std::to_string(number)) : CorrelationId(number);
}

// A number that is too long for the input's type keeps its low bits.
std::vector<std::byte> SequenceControls::Encode(const CorrelationId& id) const {
  if (id_name_.empty()) return {};
  if (id_datatype_ == DataType::kBytes) return StringElement(id.text());
  return DataTypeByteSize(id_datatype_) == sizeof(uint32_t) ? BytesOf(static_cast<uint32_t>(id.number()))
                                                            : BytesOf(id.number());
}

void SequenceControls::Inject(std::span<const std::byte> encoded_id, InferenceRequest& request) const {
  for (const Flag& flag : flags_) {
    switch (flag.kind) {
      case Control::CONTROL_SEQUENCE_START:
        InjectFlag(flag, (request.flags() & TRITONSERVER_REQUEST_FLAG_SEQUENCE_START) != 0, request);
        break;
      case Control::CONTROL_SEQUENCE_END:
        InjectFlag(flag, (request.flags() & TRITONSERVER_REQUEST_FLAG_SEQUENCE_END) != 0, request);
        break;
      default: InjectFlag(flag, true, request);
    }
  }
  if (!id_name_.empty()) request.InjectInput(id_name_, id_datatype_, shape_, encoded_id);
}

void SequenceControls::InjectNotReady(InferenceRequest& request) const {
  for (const Flag& flag : flags_) InjectFlag(flag, false, request);
  if (!id_name_.empty()) request.InjectInput(id_name_, id_datatype_, shape_, no_id_);
}

void SequenceControls::InjectFlag(const Flag& flag, bool value, InferenceRequest& request) const {
  request.InjectInput(flag.name, flag.datatype, shape_, value ? flag.yes : flag.no);
}

}  // namespace neso
