#include "ensemble/tensor_value.h"

#include <utility>
#include <variant>

#include "device/copy_memory.h"
#include "ensemble/step_outputs.h"

namespace neso {
namespace {

bool IsBatched(const Model& model, const TensorSpec& spec) {
  return model.max_batch_size() > 0 && !spec.is_shape_tensor;
}

void SetFlag(uint32_t& flags, uint32_t flag, const ParameterValue& value) {
  if (const bool* is_set = std::get_if<bool>(&value)) flags = *is_set ? flags | flag : flags & ~flag;
}

// Copies `from` behind what `to` has already.
Status Append(const void* from, const BufferAttributes& attributes, MemoryPlace& to) {
  RETURN_IF_ERROR(CopyMemory(to, {from, attributes.memory_type, attributes.memory_type_id}, attributes.byte_size));
  to.data = static_cast<char*>(to.data) + attributes.byte_size;
  return {};
}

Status Copy(const TensorValue& value, Output& output) {
  const size_t byte_size = value.input != nullptr ? value.input->byte_size() : value.output->attributes().byte_size;
  MemoryPlace to;
  RETURN_IF_ERROR(output.AllocateBuffer(&to.data, byte_size, to.type, to.device_id, &to.type, &to.device_id));
  if (value.output != nullptr) return Append(value.output->base(), value.output->attributes(), to);
  for (const InputBuffer& piece : value.input->buffers()) RETURN_IF_ERROR(Append(piece.base, piece.attributes, to));
  return {};
}

}  // namespace

std::shared_ptr<StepAnswer> MakeAnswer(std::unique_ptr<InferenceResponse> response, const StepSequence& sequence) {
  auto answer = std::make_shared<StepAnswer>();
  for (const NamedParameter& parameter : response->parameters()) {
    const bool is_id = parameter.name == "sequence_id";
    const bool is_start = parameter.name == "sequence_start";
    if (!is_id && !is_start && parameter.name != "sequence_end") continue;
    if (!answer->sequence) answer->sequence = sequence;
    if (is_start) SetFlag(answer->sequence->flags, TRITONSERVER_REQUEST_FLAG_SEQUENCE_START, parameter.value);
    if (!is_id && !is_start) SetFlag(answer->sequence->flags, TRITONSERVER_REQUEST_FLAG_SEQUENCE_END, parameter.value);
    if (!is_id) continue;
    if (const auto* text = std::get_if<std::string>(&parameter.value)) answer->sequence->id = CorrelationId(*text);
    if (const auto* number = std::get_if<int64_t>(&parameter.value)) {
      answer->sequence->id = CorrelationId(static_cast<uint64_t>(*number));
    }
  }
  answer->response = std::move(response);
  return answer;
}

void AddParameters(const StepSequence& sequence, InferenceResponse& response) {
  response.AddParameter("sequence_id", sequence.id.is_text()
                                           ? ParameterValue(sequence.id.text())
                                           : ParameterValue(static_cast<int64_t>(sequence.id.number())));
  response.AddParameter("sequence_start", (sequence.flags & TRITONSERVER_REQUEST_FLAG_SEQUENCE_START) != 0);
  response.AddParameter("sequence_end", (sequence.flags & TRITONSERVER_REQUEST_FLAG_SEQUENCE_END) != 0);
}

Shape FittedShape(const Shape& shape, size_t dims, bool batches) {
  if (batches && shape.size() == dims) {
    Shape with_batch = {1};
    with_batch.insert(with_batch.end(), shape.begin(), shape.end());
    return with_batch;
  }
  if (!batches && shape.size() == dims + 1 && shape[0] == 1) return {shape.begin() + 1, shape.end()};
  return shape;
}

Status AddInput(InferenceRequest& request, const std::string& name, const TensorValue& value) {
  const Model& model = *request.model();
  const Shape& shape = value.input != nullptr ? value.input->original_shape() : value.output->shape();
  const DataType datatype = value.input != nullptr ? value.input->datatype() : value.output->datatype();
  const TensorSpec* const spec = model.FindInput(name);
  RETURN_IF_ERROR(request.AddInput(
      name, datatype, spec == nullptr ? shape : FittedShape(shape, spec->dims.size(), IsBatched(model, *spec))));
  if (value.output != nullptr) return request.AppendInputData(name, value.output->base(), value.output->attributes());
  for (const InputBuffer& piece : value.input->buffers()) {
    RETURN_IF_ERROR(request.AppendInputData(name, piece.base, piece.attributes));
  }
  return {};
}

Status AddOutput(InferenceResponse& response, const std::string& name, const TensorValue& value) {
  const Model& ensemble = *response.factory()->model();
  const TensorSpec* const spec = ensemble.FindOutput(name);
  const Shape& shape = value.input != nullptr ? value.input->original_shape() : value.output->shape();
  const DataType datatype = value.input != nullptr ? value.input->datatype() : value.output->datatype();
  ASSIGN_OR_RETURN(
      Output* const output,
      response.AddOutput(name, datatype,
                         spec == nullptr ? shape : FittedShape(shape, spec->dims.size(), IsBatched(ensemble, *spec))));
  if (value.output != nullptr && StepOutputs::HandOver(*value.output, *output)) return {};
  return Copy(value, *output);
}

}  // namespace neso
