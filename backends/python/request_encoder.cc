#include "request_encoder.h"

#include "message.h"
#include "parameters_writer.h"
#include "protocol.h"

namespace neso::python {

using backend::Input;
using backend::Request;
using backend::Status;

namespace {

constexpr uint64_t Aligned(uint64_t size) { return (size + kTensorAlignment - 1) & ~(kTensorAlignment - 1); }

}  // namespace

backend::Result<std::string> ParametersJson(const Request& request) {
  NESO_ASSIGN_OR_RETURN(const std::vector<backend::RequestParameter> parameters, request.Parameters());
  if (parameters.empty()) return std::string();
  rapidjson::StringBuffer text;
  ParametersWriter writer(text);
  writer.StartObject();
  for (const backend::RequestParameter& parameter : parameters) {
    writer.Key(parameter.name.data(), static_cast<unsigned>(parameter.name.size()));
    if (const auto* string = std::get_if<std::string_view>(&parameter.value)) {
      writer.String(string->data(), static_cast<unsigned>(string->size()));
    } else if (const auto* number = std::get_if<int64_t>(&parameter.value)) {
      writer.Int64(*number);
    } else if (const auto* flag = std::get_if<bool>(&parameter.value)) {
      writer.Bool(*flag);
    } else {
      writer.Double(std::get<double>(parameter.value));
    }
  }
  writer.EndObject();
  return std::string(text.GetString(), text.GetSize());
}

Status RequestEncoder::Survey(const Request& request, Texts& texts) {
  texts = {};
  texts.id = request.id();
  if (!Status(TRITONBACKEND_RequestCorrelationId(request.handle(), &texts.correlation_number)).ok()) {
    const char* text = nullptr;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_RequestCorrelationIdString(request.handle(), &text));
    texts.correlation = text;
    texts.has_correlation_text = true;
  }
  if (TRITONSERVER_InferenceTrace* const trace = request.trace(); trace != nullptr) {
    const char* context = nullptr;
    NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceTraceContext(trace, &context));
    texts.trace_context = context;
    texts.is_traced = true;
  }
  NESO_ASSIGN_OR_RETURN(texts.parameters, ParametersJson(request));
  texts.first_input = inputs_.size();
  texts.input_count = request.input_count();
  texts.layout_size = 4;
  for (uint32_t i = 0; i < texts.input_count; ++i) {
    NESO_ASSIGN_OR_RETURN(const Input input, request.input(i));
    inputs_.push_back(input);
    texts.layout_size += TensorRecordSize(input.name, input.shape.size()) - sizeof(uint64_t);
    texts.data_size += Aligned(input.byte_size);
  }
  texts.first_output = outputs_.size();
  texts.output_count = request.requested_output_count();
  for (uint32_t i = 0; i < texts.output_count; ++i) {
    const char* name = nullptr;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_RequestOutputName(request.handle(), i, &name));
    outputs_.emplace_back(name);
    texts.layout_size += 2 + outputs_.back().size();
  }
  return {};
}

uint64_t RequestEncoder::HeadSize(const Texts& texts) {
  return sizeof(RequestRecord) + texts.layout_size + texts.id.size() + texts.correlation.size() +
         texts.trace_context.size() + texts.parameters.size();
}

backend::Result<EncodedBatch> RequestEncoder::Encode(std::span<Request> requests, uint64_t first_id,
                                                     const Segment& segment, Slab& slab) {
  texts_.resize(requests.size());
  inputs_.clear();
  outputs_.clear();
  uint64_t head_size = 8;
  uint64_t data_size = 0;
  for (size_t i = 0; i < requests.size(); ++i) {
    NESO_RETURN_IF_ERROR(Survey(requests[i], texts_[i]));
    head_size += HeadSize(texts_[i]);
    data_size += texts_[i].data_size;
  }
  const uint64_t length = Aligned(head_size) + data_size;
  const std::optional<uint64_t> block = slab.Allocate(length);
  if (!block) {
    return Status::Unavailable("the inputs have ", length,
                               " bytes, more than the memory shared with the worker has room for");
  }

  MessageWriter writer(segment.At(*block));
  writer.Put(static_cast<uint32_t>(requests.size()));
  writer.Put(uint32_t{0});
  uint64_t data = *block + Aligned(head_size);
  for (size_t i = 0; i < requests.size(); ++i) {
    const Texts& texts = texts_[i];
    uint64_t timeout_us = 0;
    (void)Status(TRITONBACKEND_InferenceRequestTimeoutMicroseconds(requests[i].handle(), &timeout_us));
    writer.Put(RequestRecord{
        .id = first_id + i,
        .correlation_id = texts.correlation_number,
        .timeout_us = timeout_us,
        .data = data,
        .flags = requests[i].flags(),
        .layout_length = static_cast<uint32_t>(texts.layout_size),
        .request_id_length = static_cast<uint32_t>(texts.id.size()),
        .correlation_text_length =
            texts.has_correlation_text ? static_cast<uint32_t>(texts.correlation.size()) : kNumber,
        .texts_length = static_cast<uint32_t>(HeadSize(texts) - sizeof(RequestRecord)),
        .trace_context_length = texts.is_traced ? static_cast<uint32_t>(texts.trace_context.size()) : kNotTraced});
    writer.Put(static_cast<uint16_t>(texts.input_count));
    writer.Put(static_cast<uint16_t>(texts.output_count));
    for (const Input& input : std::span(inputs_).subspan(texts.first_input, texts.input_count)) {
      PutTensorType(writer, input.name, input.datatype, input.shape);
      writer.Put(input.byte_size);
      Status copied = input.CopyTo({segment.At(data), input.byte_size});
      if (!copied.ok()) {
        slab.Release(*block);
        return copied;
      }
      data += Aligned(input.byte_size);
    }
    for (const std::string_view output : std::span(outputs_).subspan(texts.first_output, texts.output_count)) {
      writer.Put(static_cast<uint16_t>(output.size()));
      writer.PutText(output);
    }
    writer.PutText(texts.id);
    writer.PutText(texts.correlation);
    writer.PutText(texts.trace_context);
    writer.PutText(texts.parameters);
  }
  return EncodedBatch{.offset = *block, .length = length};
}

}  // namespace neso::python
