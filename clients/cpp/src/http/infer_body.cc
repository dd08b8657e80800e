#include "http/infer_body.h"

#include "common/request_parameter.h"
#include "http/json_tensor.h"

namespace triton {
namespace client {
namespace {

void WriteText(JsonWriter* writer, const std::string& text) {
  writer->String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

// Parameters of types that are not known are left out.
Error WriteCustomParameter(JsonWriter* writer, const RequestParameter& parameter) {
  switch (KindOf(parameter)) {
    case ParameterKind::kString:
      WriteText(writer, parameter.name);
      WriteText(writer, parameter.value);
      break;
    case ParameterKind::kBool:
      WriteText(writer, parameter.name);
      writer->Bool(parameter.value == "true");
      break;
    case ParameterKind::kInt: {
      int64_t value;
      if (Error error = ReadInt(&value, parameter); !error.IsOk()) return error;
      WriteText(writer, parameter.name);
      writer->Int64(value);
      break;
    }
    case ParameterKind::kUnknown: break;
  }
  return Error::Success;
}

Error WriteParameters(JsonWriter* writer, const InferOptions& options, bool all_outputs) {
  const bool in_sequence = options.sequence_id_ != 0 || !options.sequence_id_str_.empty();
  if (!in_sequence && options.priority_ == 0 && options.server_timeout_ == 0 && options.request_parameters.empty() &&
      !all_outputs) {
    return Error::Success;
  }
  writer->Key("parameters");
  writer->StartObject();
  if (in_sequence) {
    writer->Key("sequence_id");
    if (options.sequence_id_ != 0)
      writer->Uint64(options.sequence_id_);
    else
      WriteText(writer, options.sequence_id_str_);
    writer->Key("sequence_start");
    writer->Bool(options.sequence_start_);
    writer->Key("sequence_end");
    writer->Bool(options.sequence_end_);
  }
  if (options.priority_ != 0) {
    writer->Key("priority");
    writer->Uint64(options.priority_);
  }
  if (options.server_timeout_ != 0) {
    writer->Key("timeout");
    writer->Uint64(options.server_timeout_);
  }
  if (all_outputs) {
    writer->Key("binary_data_output");
    writer->Bool(true);
  }
  for (const auto& [key, parameter] : options.request_parameters) {
    if (Error error = WriteCustomParameter(writer, parameter); !error.IsOk()) return error;
  }
  writer->EndObject();
  return Error::Success;
}

template <typename Tensor>
void WriteRegion(JsonWriter* writer, const Tensor& tensor) {
  std::string region;
  size_t byte_size = 0, offset = 0;
  tensor.SharedMemoryInfo(&region, &byte_size, &offset);
  writer->Key("shared_memory_region");
  WriteText(writer, region);
  writer->Key("shared_memory_byte_size");
  writer->Uint64(byte_size);
  if (offset != 0) {
    writer->Key("shared_memory_offset");
    writer->Uint64(offset);
  }
}

Error WriteInput(JsonWriter* writer, InferBody* body, const InferInput& input) {
  writer->StartObject();
  writer->Key("name");
  WriteText(writer, input.Name());
  writer->Key("shape");
  writer->StartArray();
  for (const int64_t size : input.Shape()) writer->Int64(size);
  writer->EndArray();
  writer->Key("datatype");
  WriteText(writer, input.Datatype());
  if (!input.IsSharedMemory() && !input.BinaryData()) {
    writer->Key("data");
    if (Error error = WriteJsonTensor(writer, input); !error.IsOk()) return error;
  } else {
    writer->Key("parameters");
    writer->StartObject();
    if (input.IsSharedMemory()) {
      WriteRegion(writer, input);
    } else {
      size_t byte_size;
      input.ByteSize(&byte_size);
      writer->Key("binary_data_size");
      writer->Uint64(byte_size);
      body->tensors.insert(body->tensors.end(), input.RawPieces().begin(), input.RawPieces().end());
      body->all_json = false;
    }
    writer->EndObject();
  }
  writer->EndObject();
  return Error::Success;
}

void WriteOutput(JsonWriter* writer, const InferRequestedOutput& output) {
  writer->StartObject();
  writer->Key("name");
  WriteText(writer, output.Name());
  writer->Key("parameters");
  writer->StartObject();
  if (output.ClassificationCount() != 0) {
    writer->Key("classification");
    writer->Uint64(output.ClassificationCount());
  }
  if (output.IsSharedMemory()) {
    WriteRegion(writer, output);
  } else {
    writer->Key("binary_data");
    writer->Bool(output.BinaryData());
  }
  writer->EndObject();
  writer->EndObject();
}

}  // namespace

size_t InferBody::ByteSize() const {
  size_t byte_size = json.size();
  for (const auto& [data, size] : tensors) byte_size += size;
  return byte_size;
}

Error MakeInferBody(InferBody* body, const InferOptions& options, const std::vector<InferInput*>& inputs,
                    const std::vector<const InferRequestedOutput*>& outputs) {
  rapidjson::StringBuffer json;
  JsonWriter writer(json);
  writer.StartObject();
  writer.Key("id");
  WriteText(&writer, options.request_id_);
  if (Error error = WriteParameters(&writer, options, outputs.empty()); !error.IsOk()) return error;
  writer.Key("inputs");
  writer.StartArray();
  for (const InferInput* input : inputs) {
    if (Error error = WriteInput(&writer, body, *input); !error.IsOk()) return error;
  }
  writer.EndArray();
  if (!outputs.empty()) {
    writer.Key("outputs");
    writer.StartArray();
    for (const InferRequestedOutput* output : outputs) WriteOutput(&writer, *output);
    writer.EndArray();
  }
  writer.EndObject();
  body->json.assign(json.GetString(), json.GetSize());
  return Error::Success;
}

}  // namespace client
}  // namespace triton
