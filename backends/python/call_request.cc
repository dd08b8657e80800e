#include "call_request.h"

#include <cstring>
#include <utility>

#include "message.h"

namespace neso::python {
namespace {

// The worker hears that it has its block again when `tensor` goes.
CallInput CopyOf(TensorRecord tensor) {
  auto data = std::make_unique_for_overwrite<std::byte[]>(tensor.byte_size);
  std::memcpy(data.get(), tensor.data, tensor.byte_size);
  return {.name = std::string(tensor.name),
          .datatype = tensor.datatype,
          .shape = std::move(tensor.shape),
          .data = std::move(data),
          .byte_size = tensor.byte_size};
}

}  // namespace

std::optional<CallRequest> ReadCall(std::span<const std::byte> body, const Segment& segment) {
  MessageReader reader(body);
  CallRequest call;
  call.record = reader.Get<CallRecord>();
  call.model = reader.GetText(call.record.model_length);
  call.request_id = reader.GetText(call.record.request_id_length);
  if (call.record.correlation_text_length != kNumber) {
    call.correlation = reader.GetText(call.record.correlation_text_length);
  }
  call.parameters = reader.GetText(call.record.parameters_length);
  for (uint32_t i = 0; i < call.record.output_count && reader.ok(); ++i) {
    call.outputs.emplace_back(reader.GetText(reader.Get<uint16_t>()));
  }
  for (uint32_t i = 0; i < call.record.input_count && reader.ok(); ++i) {
    TensorRecord tensor = reader.GetTensor(segment);
    if (reader.ok()) call.inputs.push_back(CopyOf(std::move(tensor)));
  }
  if (!reader.ok()) return std::nullopt;
  return call;
}

}  // namespace neso::python
