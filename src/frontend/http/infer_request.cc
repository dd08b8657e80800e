#include "frontend/http/infer_request.h"

#include <algorithm>
#include <utility>

#include "frontend/http/json_access.h"
#include "frontend/http/json_parameter.h"
#include "frontend/http/json_tensor.h"
#include "frontend/http/recent_heads.h"
#include "frontend/request_limits.h"

namespace neso {
namespace {

Status SetSequenceId(const JsonValue& value, InferenceRequest& request) {
  if (value.IsUint64()) {
    request.SetCorrelationId(CorrelationId(value.GetUint64()));
    return {};
  }
  Expected<std::string_view> text = AsString(value);
  if (!text) return UnableToParse("sequence_id", text.error());
  if (text->size() > kMaxCorrelationIdBytes) {
    return Unsupported("string correlation ID cannot be longer than {} characters", kMaxCorrelationIdBytes);
  }
  request.SetCorrelationId(CorrelationId(std::string(*text)));
  return {};
}

Status SetFlag(std::string_view name, const JsonValue& value, uint32_t flag, InferenceRequest& request) {
  const Expected<bool> on = AsBool(value);
  if (!on) return UnableToParse(name, on.error());
  request.SetFlags(*on ? request.flags() | flag : request.flags() & ~flag);
  return {};
}

Status SetParameter(std::string_view name, const JsonValue& value, InferenceRequest& request,
                    RequestedOutputs& outputs) {
  if (name == "sequence_id") return SetSequenceId(value, request);
  if (name == "sequence_start") return SetFlag(name, value, TRITONSERVER_REQUEST_FLAG_SEQUENCE_START, request);
  if (name == "sequence_end") return SetFlag(name, value, TRITONSERVER_REQUEST_FLAG_SEQUENCE_END, request);
  if (name == "priority" || name == "timeout") {
    const Expected<uint64_t> number = AsUnsigned(value);
    if (!number) return UnableToParse(name, number.error());
    if (name == "priority") {
      request.SetPriority(*number);
    } else {
      request.SetTimeoutMicroseconds(*number);
    }
    return {};
  }
  if (name == "binary_data_output") {
    const Expected<bool> binary = AsBool(value);
    if (!binary) return UnableToParse(name, binary.error());
    outputs.SetBinaryByDefault(*binary);
    return {};
  }
  if (name.starts_with("triton_")) {
    return InvalidArg(
        "parameter keys starting with 'triton_' are reserved for Triton usage and should not be specified.");
  }
  return AddJsonParameter(name, value, request);
}

Status SetParameters(const JsonValue& root, InferenceRequest& request, RequestedOutputs& outputs) {
  const JsonValue* parameters = FindMember(root, "parameters");
  if (parameters == nullptr) return {};
  if (!parameters->IsObject()) {
    return Internal("failed to get request params.: attempt to get members for non-object");
  }
  for (const auto& member : parameters->GetObject()) {
    RETURN_IF_ERROR(SetParameter(JsonText(member.name), member.value, request, outputs));
  }
  return {};
}

// Where an input's data is; exactly one is given.
struct DataSource {
  const JsonValue* json = nullptr;
  const JsonValue* binary_size = nullptr;
  const JsonValue* shared_memory = nullptr;
};

Expected<DataSource> FindDataSource(const JsonValue& input) {
  DataSource source;
  std::string set;
  int count = 0;
  auto note = [&](const JsonValue* value, const char* name) {
    if (value == nullptr) return;
    ++count;
    set += fmt::format(" '{}'", name);
  };
  source.json = FindMember(input, "data");
  if (const JsonValue* parameters = FindMember(input, "parameters"); parameters != nullptr) {
    source.binary_size = FindMember(*parameters, "binary_data_size");
    source.shared_memory = FindMember(*parameters, "shared_memory_region");
  }
  // The one common case says nothing and builds no text.
  if ((source.json != nullptr) + (source.binary_size != nullptr) + (source.shared_memory != nullptr) == 1)
    return source;
  note(source.json, "data");
  note(source.binary_size, "binary_data_size");
  note(source.shared_memory, "shared_memory_region");
  return InvalidArg(
      "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', "
      "'shared_memory_region' in 'parameters'. {}",
      count == 0 ? "But no field is set" : "But set" + set);
}

// Sets `number` to the member of that name, if there is one.
Status ParseNumber(const JsonValue& object, std::string_view name, uint64_t& number) {
  const JsonValue* value = FindMember(object, name);
  if (value == nullptr) return {};
  const Expected<uint64_t> parsed = AsUnsigned(*value);
  if (!parsed) return UnableToParse(name, parsed.error());
  number = *parsed;
  return {};
}

// `parameters` has the member shared_memory_region.
Expected<SharedTensor> ParseShared(const JsonValue& parameters) {
  SharedTensor shared;
  ASSIGN_OR_RETURN(shared.region, StringMember(parameters, "shared_memory_region"));
  RETURN_IF_ERROR(ParseNumber(parameters, "shared_memory_offset", shared.offset));
  RETURN_IF_ERROR(ParseNumber(parameters, "shared_memory_byte_size", shared.byte_size));
  return shared;
}

Status ParseShape(const JsonValue& input, Shape& shape) {
  ASSIGN_OR_RETURN(const JsonValue* dims, ArrayMember(input, "shape"));
  shape.clear();
  for (const JsonValue& dim : dims->GetArray()) {
    const Expected<uint64_t> size = AsUnsigned(dim);
    if (!size) return UnableToParse("shape", size.error());
    shape.push_back(static_cast<int64_t>(*size));
  }
  return {};
}

RequestCounts Count(const JsonValue& root) {
  const auto count = [&root](std::string_view name) -> size_t {
    const JsonValue* const value = FindMember(root, name);
    if (value == nullptr) return 0;
    return value->IsArray() ? value->Size() : value->IsObject() ? value->MemberCount() : 0;
  };
  return {.inputs = count("inputs"), .outputs = count("outputs"), .parameters = count("parameters")};
}

class Filler {
 public:
  Filler(const Model& model, JsonDocument& document, std::string_view binary, size_t max_json_bytes,
         InferenceRequest& request, RequestTensors& tensors)
      : model_(model),
        document_(document),
        binary_(binary),
        max_json_bytes_(max_json_bytes),
        request_(request),
        tensors_(tensors) {}

  Expected<RequestedOutputs> Fill() {
    const JsonValue& root = document_.root();
    if (const JsonValue* id = FindMember(root, "id"); id != nullptr) {
      const Expected<std::string_view> text = AsString(*id);
      if (!text) return UnableToParse("id", text.error());
      request_.SetId(*text);
    }
    RETURN_IF_ERROR(CheckRequestCounts(Count(root), model_.name()));
    RETURN_IF_ERROR(SetParameters(root, request_, outputs_));
    ASSIGN_OR_RETURN(const JsonValue* inputs, ArrayMember(root, "inputs"));
    for (const JsonValue& input : inputs->GetArray()) RETURN_IF_ERROR(FillInput(input));
    if (const JsonValue* outputs = FindMember(root, "outputs"); outputs != nullptr)
      RETURN_IF_ERROR(FillOutputs(*outputs));
    if (!binary_.empty()) return InvalidArg("unexpected additional input data for model '{}'", model_.name());
    return std::move(outputs_);
  }

 private:
  Status FillInput(const JsonValue& input) {
    ASSIGN_OR_RETURN(const DataSource source, FindDataSource(input));
    ASSIGN_OR_RETURN(const std::string_view name, StringMember(input, "name"));
    ASSIGN_OR_RETURN(const std::string_view type_name, StringMember(input, "datatype"));
    const DataType datatype = DataTypeFromName(type_name);
    RETURN_IF_ERROR(ParseShape(input, shape_));
    RETURN_IF_ERROR(request_.AddInput(name, datatype, shape_));
    if (source.binary_size != nullptr) return TakeBinary(name, *source.binary_size);
    if (source.shared_memory != nullptr) return TakeShared(name, *FindMember(input, "parameters"));
    return TakeJson(name, datatype, *source.json);
  }

  Status TakeBinary(std::string_view name, const JsonValue& value) {
    const Expected<uint64_t> size = AsUnsigned(value);
    if (!size) return UnableToParse("binary_data_size", size.error());
    if (*size == 0) return {};
    if (*size > binary_.size()) {
      return InvalidArg("unexpected size for input '{}', expecting {} additional bytes for model '{}'", name,
                        *size - binary_.size(), model_.name());
    }
    RETURN_IF_ERROR(Append(name, binary_.data(), *size));
    binary_.remove_prefix(*size);
    return {};
  }

  Status TakeShared(std::string_view name, const JsonValue& parameters) {
    ASSIGN_OR_RETURN(const SharedTensor shared, ParseShared(parameters));
    return tensors_.shared.AddInput(request_, name, shared);
  }

  Status TakeJson(std::string_view name, DataType datatype, const JsonValue& data) {
    // An empty shape has no elements either: the core says what it lacks.
    const int64_t count = shape_.empty() ? 0 : ElementCount(shape_);
    if (count < 0) return TooLarge(name, "element count");
    if (count == 0) return {};
    if (datatype == DataType::kInvalid) return InvalidArg("invalid datatype for input {}", name);
    if (count > INT64_MAX / std::max<int64_t>(DataTypeByteSize(datatype), 1)) return TooLarge(name, "byte size");
    ASSIGN_OR_RETURN(BufferRef buffer, ReadJson(name, datatype, count, data));
    RETURN_IF_ERROR(Append(name, buffer->data(), buffer->size()));
    tensors_.converted.push_back(std::move(buffer));
    return {};
  }

  Expected<BufferRef> ReadJson(std::string_view name, DataType datatype, int64_t count, const JsonValue& data) {
    if (data.IsArray() && !JsonDocument::ElementsOf(data).checked) {
      BufferRef usual = ReadUsualJsonTensor(datatype, count, JsonDocument::ElementsOf(data), max_json_bytes_);
      if (usual) {
        document_.NoteRead();
        return usual;
      }
      RETURN_IF_ERROR(document_.Check());
    }
    return ParseJsonTensor(name, datatype, count, data, max_json_bytes_);
  }

  Status TooLarge(std::string_view name, std::string_view what) const {
    return InvalidArg("invalid shape for input '{}': shape {} causes total {} to exceed maximum size of {}", name,
                      ShapeText(shape_), what, INT64_MAX);
  }

  Status Append(std::string_view name, const char* base, size_t size) {
    BufferAttributes attributes;
    attributes.byte_size = size;
    return request_.AppendInputData(name, base, attributes);
  }

  Status FillOutputs(const JsonValue& outputs) {
    if (Status status = CheckArray(outputs); !status.ok()) return UnableToParse("outputs", status);
    for (const JsonValue& output : outputs.GetArray()) {
      ASSIGN_OR_RETURN(const std::string_view name, StringMember(output, "name"));
      RETURN_IF_ERROR(request_.AddRequestedOutput(name));
      ASSIGN_OR_RETURN(RequestedOutput requested, ParseOutput(name, FindMember(output, "parameters")));
      outputs_.Add(std::move(requested));
    }
    return {};
  }

  Expected<RequestedOutput> ParseOutput(std::string_view name, const JsonValue* parameters) {
    RequestedOutput output{.name = std::string(name)};
    if (parameters == nullptr || !parameters->IsObject()) return output;
    const JsonValue* classification = FindMember(*parameters, "classification");
    const JsonValue* region = FindMember(*parameters, "shared_memory_region");
    if (classification != nullptr && region != nullptr) {
      return InvalidArg("Output can't set both 'shared_memory_region' and 'classification'");
    }
    if (classification != nullptr) {
      const Expected<uint64_t> classes = AsUnsigned(*classification);
      if (!classes) return UnableToParse("classification", classes.error());
      output.classification = *classes;
    }
    if (region != nullptr) {
      ASSIGN_OR_RETURN(const SharedTensor shared, ParseShared(*parameters));
      RETURN_IF_ERROR(tensors_.shared.AddOutput(name, shared));
    }
    if (const JsonValue* binary = FindMember(*parameters, "binary_data"); binary != nullptr) {
      const Expected<bool> on = AsBool(*binary);
      if (!on) return UnableToParse("binary_data", on.error());
      output.binary = *on;
    }
    if (output.binary && region != nullptr) {
      return InvalidArg("Output can't set both 'shared_memory_region' and 'binary_data'");
    }
    return output;
  }

  const Model& model_;
  JsonDocument& document_;
  std::string_view binary_;  // what is left of it
  const size_t max_json_bytes_;
  InferenceRequest& request_;
  RequestTensors& tensors_;
  RequestedOutputs outputs_;
  Shape shape_;
};

// "Inference-Header-Content-Length: 0": the body is the model's only input, shape and all else deduced.
Expected<RequestedOutputs> FillRawRequest(std::string_view body, size_t max_bytes, InferenceRequest& request) {
  if (body.size() > max_bytes) {
    return InvalidArg(
        "raw request body of {} bytes exceeds the maximum allowed input size of {} bytes. Use --http-max-input-size to "
        "increase the limit.",
        body.size(), max_bytes);
  }
  static constexpr std::string_view kRawInput = "raw_input";
  RETURN_IF_ERROR(request.AddRawInput(kRawInput));
  BufferAttributes attributes;
  attributes.byte_size = body.size();
  RETURN_IF_ERROR(request.AppendInputData(kRawInput, body.data(), attributes));
  RequestedOutputs outputs;
  outputs.SetBinaryByDefault(true);
  return outputs;
}

}  // namespace

void RequestedOutputs::Add(RequestedOutput output) {
  listed_.push_back(std::move(output));
  index_.Update(std::span(listed_), &RequestedOutput::name);
}

const RequestedOutput* RequestedOutputs::Find(std::string_view name) const {
  return index_.Find(std::span(listed_), name, &RequestedOutput::name);
}

bool RequestedOutputs::IsBinary(std::string_view name) const {
  const RequestedOutput* output = Find(name);
  return output != nullptr ? output->binary : binary_by_default_;
}

Expected<RequestedOutputs> FillInferRequest(const Model& model, const InferBody& body, size_t max_json_bytes,
                                            InferenceRequest& request, RequestTensors& tensors) {
  const size_t header_length = body.header_length.value_or(body.bytes.size());
  if (header_length == 0) return FillRawRequest(body.bytes, max_json_bytes, request);
  if (header_length > max_json_bytes) {
    return InvalidArg(
        "request JSON size of {} bytes exceeds the maximum allowed input size of {} bytes. Use --http-max-input-size "
        "to increase the limit.",
        header_length, max_json_bytes);
  }
  const std::string_view head = body.bytes.substr(0, header_length);
  const std::string_view binary = body.bytes.substr(header_length);
  const auto is_elements = [](std::string_view name) { return name == "data"; };
  RecentHeads* const heads = RecentHeads::OfThread();
  if (JsonDocument* const known = heads == nullptr ? nullptr : heads->Find(head, is_elements)) {
    return Filler(model, *known, binary, max_json_bytes, request, tensors).Fill();
  }
  JsonDocument document;
  RETURN_IF_ERROR(document.ParseLazily(head, is_elements));
  Filler filler(model, document, binary, max_json_bytes, request, tensors);
  Expected<RequestedOutputs> outputs = filler.Fill();
  RETURN_IF_ERROR(document.Check());
  return outputs;
}

}  // namespace neso
