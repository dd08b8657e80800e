#include "client/infer_response.h"

#include <fmt/format.h>

#include <cstring>

#include "base/json.h"
#include "base/text.h"
#include "neso/protobuf_wire.h"

namespace neso::client {
namespace {

using wire::Field;
using wire::WireType;

Status NoAnswer() { return Internal("the server's answer cannot be read: it is no Protocol Buffer"); }

// An entry of the parameters: whether it says that the answer is the last one.
bool SaysFinal(std::string_view entry) {
  std::string_view key;
  bool is_true = false;
  wire::ForEachField(entry, [&](const Field& field) {
    if (field.number == 1) key = field.bytes;
    if (field.number == 2)
      wire::ForEachField(field.bytes,
                         [&](const Field& value) { return is_true = value.number == 1 && value.value != 0; });
    return true;
  });
  return is_true && key == "triton_final_response";
}

std::string DoubleJson(std::string_view bytes) {
  double value = 0;
  if (bytes.size() != sizeof(value)) return {};
  std::memcpy(&value, bytes.data(), sizeof(value));
  return fmt::format("{}", value);
}

// An InferParameter. Empty: of a kind that is not known.
std::string ParameterValueJson(const Field& choice) {
  switch (choice.number) {
    case 1: return choice.value != 0 ? "true" : "false";
    case 2: return std::to_string(static_cast<int64_t>(choice.value));
    case 3: return JsonQuoted(choice.bytes);
    case 4: return DoubleJson(choice.bytes);
    case 5: return std::to_string(choice.value);
    default: return {};
  }
}

bool ReadResponse(StreamAnswer& answer) {
  return wire::ForEachField(answer.response, [&answer](const Field& field) {
    if (field.number == 3) answer.id = field.bytes;
    if (field.number == 4) answer.is_final |= SaysFinal(field.bytes);
    if (field.number == 5) answer.has_outputs = true;
    return true;
  });
}

// Adds the numbers of a field of `shape`, one or many.
bool AppendShape(const Field& field, std::vector<int64_t>& shape) {
  if (field.type == WireType::kVarint) {
    shape.push_back(static_cast<int64_t>(field.value));
    return true;
  }
  return wire::ForEachPacked(field.bytes, [&shape](uint64_t size) { shape.push_back(static_cast<int64_t>(size)); });
}

bool ReadTensor(std::string_view message, OutputTensor& tensor, bool& is_raw) {
  return wire::ForEachField(message, [&](const Field& field) {
    if (field.number == 1) tensor.name = field.bytes;
    if (field.number == 2) tensor.datatype = field.bytes;
    if (field.number == 5) is_raw = false;
    return field.number != 3 || AppendShape(field, tensor.shape);
  });
}

}  // namespace

Expected<std::string> ParametersJson(const InferResponse& response) {
  std::vector<std::string> members;
  for (const std::string_view entry : response.parameters) {
    std::string_view name;
    std::string value;
    const bool is_read = wire::ForEachField(entry, [&](const Field& field) {
      if (field.number == 1) name = field.bytes;
      return field.number != 2 || wire::ForEachField(field.bytes, [&](const Field& choice) {
               value = ParameterValueJson(choice);
               return true;
             });
    });
    if (!is_read) return NoAnswer();
    if (!value.empty()) members.push_back(JsonQuoted(name) + ":" + value);
  }
  return "{" + Join(members, ",") + "}";
}

Expected<StreamAnswer> ReadStreamAnswer(std::string_view message) {
  StreamAnswer answer;
  const bool is_read = wire::ForEachField(message, [&answer](const Field& field) {
    if (field.number == 1) answer.error = field.bytes;
    if (field.number == 2) answer.response = field.bytes;
    return true;
  });
  if (!is_read || !ReadResponse(answer)) return NoAnswer();
  return answer;
}

Expected<InferResponse> ReadInferResponse(std::string_view message) {
  InferResponse response;
  std::vector<std::string_view> contents;
  bool are_raw = true;
  const bool is_read = wire::ForEachField(message, [&](const Field& field) {
    if (field.number == 1) response.model = field.bytes;
    if (field.number == 2) response.version = field.bytes;
    if (field.number == 3) response.id = field.bytes;
    if (field.number == 4) response.parameters.push_back(field.bytes);
    if (field.number == 6) contents.push_back(field.bytes);
    return field.number != 5 || ReadTensor(field.bytes, response.outputs.emplace_back(), are_raw);
  });
  if (!is_read || contents.size() > response.outputs.size()) return NoAnswer();
  if (!are_raw) return Unsupported("the server's answer has tensors in another form than their raw one");
  for (size_t i = 0; i < contents.size(); i++) response.outputs[i].bytes = contents[i];
  return response;
}

}  // namespace neso::client
