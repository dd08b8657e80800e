#include "frontend/grpc/infer_request.h"

#include <charconv>

#include "base/text.h"
#include "frontend/request_limits.h"

namespace neso {
namespace {

constexpr std::string_view kReservedPrefix = "triton_";
constexpr std::string_view kEmptyFinalResponse = "triton_enable_empty_final_response";

Status WrongType(std::string_view parameter, std::string_view expected) {
  return InvalidArg("invalid value type for '{}' parameter, expected {}.", parameter, expected);
}

Status SetSequenceId(const WireValue& value, InferenceRequest& request) {
  if (const int64_t* number = std::get_if<int64_t>(&value)) {
    request.SetCorrelationId(CorrelationId(static_cast<uint64_t>(*number)));
    return {};
  }
  const std::string_view* text = std::get_if<std::string_view>(&value);
  if (text == nullptr) return WrongType("sequence_id", "int64_param or string_param");
  if (text->size() > kMaxCorrelationIdBytes) {
    return Unsupported("string correlation ID cannot be longer than {} characters", kMaxCorrelationIdBytes);
  }
  request.SetCorrelationId(CorrelationId(std::string(*text)));
  return {};
}

Status SetFlag(const WireParameter& parameter, uint32_t flag, InferenceRequest& request) {
  const bool* on = std::get_if<bool>(&parameter.value);
  if (on == nullptr) return WrongType(parameter.name, "bool_param");
  request.SetFlags(*on ? request.flags() | flag : request.flags() & ~flag);
  return {};
}

Status SetPriority(const WireValue& value, InferenceRequest& request) {
  if (const uint64_t* number = std::get_if<uint64_t>(&value)) {
    request.SetPriority(*number);
    return {};
  }
  const int64_t* number = std::get_if<int64_t>(&value);
  if (number == nullptr) return WrongType("priority", "int64_param or uint64_param");
  if (*number < 0) return InvalidArg("invalid value for 'priority', expected value >= 0.");
  request.SetPriority(static_cast<uint64_t>(*number));
  return {};
}

Status AddCustom(const WireParameter& parameter, InferenceRequest& request) {
  if (const int64_t* number = std::get_if<int64_t>(&parameter.value)) {
    request.AddParameter(parameter.name, *number);
  } else if (const bool* on = std::get_if<bool>(&parameter.value)) {
    request.AddParameter(parameter.name, *on);
  } else if (const std::string_view* text = std::get_if<std::string_view>(&parameter.value)) {
    request.AddParameter(parameter.name, std::string(*text));
  } else if (const double* real = std::get_if<double>(&parameter.value)) {
    request.AddParameter(parameter.name, *real);
  } else {
    return WrongType(parameter.name, "int64_param, bool_param, or string_param");
  }
  return {};
}

Status SetParameter(const WireParameter& parameter, InferenceRequest& request, GrpcInferOptions& options) {
  const std::string_view name = parameter.name;
  if (name == "sequence_id") return SetSequenceId(parameter.value, request);
  if (name == "sequence_start") return SetFlag(parameter, TRITONSERVER_REQUEST_FLAG_SEQUENCE_START, request);
  if (name == "sequence_end") return SetFlag(parameter, TRITONSERVER_REQUEST_FLAG_SEQUENCE_END, request);
  if (name == "priority") return SetPriority(parameter.value, request);
  if (name == "timeout") {
    const int64_t* timeout = std::get_if<int64_t>(&parameter.value);
    if (timeout == nullptr) return WrongType(name, "int64_param");
    request.SetTimeoutMicroseconds(static_cast<uint64_t>(*timeout));
    return {};
  }
  if (name == kEmptyFinalResponse) {
    const bool* on = std::get_if<bool>(&parameter.value);
    if (on == nullptr) return WrongType(name, "bool_param");
    options.empty_final_response = *on;
    return {};
  }
  if (name.starts_with(kReservedPrefix)) {
    return InvalidArg(
        "parameter keys starting with 'triton_' are reserved for Triton usage. Only the following keys starting with "
        "'triton_' are allowed: {}",
        kEmptyFinalResponse);
  }
  return AddCustom(parameter, request);
}

Status WrongTensorType(std::string_view parameter, std::string_view tensor, std::string_view expected) {
  return InvalidArg("invalid value type for '{}' parameter for tensor '{}', expected {}.", parameter, tensor, expected);
}

// A number that says where in region `region` (null: none given) a tensor is. Unset: not given. A negative number is a
// very large one, beyond any region.
Expected<std::optional<uint64_t>> SharedMemoryNumber(std::string_view name, std::string_view tensor,
                                                     const WireValue* region, const WireParameters& parameters) {
  const WireValue* value = FindParameter(parameters, name);
  if (value == nullptr) return std::optional<uint64_t>();
  if (region == nullptr) {
    return InvalidArg("'{}' can not be specified without 'shared_memory_region' parameter for tensor '{}'", name,
                      tensor);
  }
  const int64_t* number = std::get_if<int64_t>(value);
  if (number == nullptr) return WrongTensorType(name, tensor, "int64_param");
  return std::optional(static_cast<uint64_t>(*number));
}

// Where a tensor is in shared memory; unset: it is not.
Expected<std::optional<SharedTensor>> FindShared(std::string_view tensor, const WireParameters& parameters) {
  if (parameters.empty()) return std::optional<SharedTensor>();
  const WireValue* region = FindParameter(parameters, "shared_memory_region");
  if (region != nullptr && !std::holds_alternative<std::string_view>(*region)) {
    return WrongTensorType("shared_memory_region", tensor, "string_param");
  }
  ASSIGN_OR_RETURN(const std::optional<uint64_t> offset,
                   SharedMemoryNumber("shared_memory_offset", tensor, region, parameters));
  ASSIGN_OR_RETURN(const std::optional<uint64_t> byte_size,
                   SharedMemoryNumber("shared_memory_byte_size", tensor, region, parameters));
  if (region == nullptr) return std::optional<SharedTensor>();
  if (!byte_size) {
    return InvalidArg(
        "'shared_memory_byte_size' must be specified along with 'shared_memory_region' parameter for tensor '{}'",
        tensor);
  }
  return std::optional(SharedTensor{
      .region = std::get<std::string_view>(*region), .offset = offset.value_or(0), .byte_size = *byte_size});
}

// The datatype that elements of `kind` stand for in an input of `datatype`.
DataType TypeOfContents(ContentsKind kind, DataType datatype) {
  switch (kind) {
    case ContentsKind::kBool: return DataType::kBool;
    case ContentsKind::kInt:
      return datatype == DataType::kInt8 || datatype == DataType::kInt16 ? datatype : DataType::kInt32;
    case ContentsKind::kInt64: return DataType::kInt64;
    case ContentsKind::kUint:
      return datatype == DataType::kUint8 || datatype == DataType::kUint16 ? datatype : DataType::kUint32;
    case ContentsKind::kUint64: return DataType::kUint64;
    case ContentsKind::kFp32: return DataType::kFp32;
    case ContentsKind::kFp64: return DataType::kFp64;
    case ContentsKind::kBytes: break;
  }
  return DataType::kBytes;
}

class Filler {
 public:
  Filler(const WireInferRequest& wire, InferenceRequest& request, RequestTensors& tensors)
      : wire_(wire), request_(request), tensors_(tensors) {}

  Expected<GrpcInferOptions> Fill() {
    RETURN_IF_ERROR(CheckRequestCounts(wire_.counts, wire_.model_name));
    if (wire_.fields > kMaxWireFields) {
      return InvalidArg("expected at most {} dimensions and parameters of tensors but got {} for model '{}'",
                        kMaxWireFields, wire_.fields, wire_.model_name);
    }
    request_.SetId(wire_.id);
    for (const WireParameter& parameter : wire_.parameters)
      RETURN_IF_ERROR(SetParameter(parameter, request_, options_));
    for (const WireInput& input : wire_.inputs) {
      RETURN_IF_ERROR(request_.AddInput(input.name, DataTypeFromName(input.datatype), input.shape));
    }
    for (const WireOutput& output : wire_.outputs) RETURN_IF_ERROR(request_.AddRequestedOutput(output.name));
    for (const WireInput& input : wire_.inputs) RETURN_IF_ERROR(FillInput(input));
    for (const WireOutput& output : wire_.outputs) RETURN_IF_ERROR(FillOutput(output));
    return std::move(options_);
  }

 private:
  Status FillInput(const WireInput& input) {
    ASSIGN_OR_RETURN(const std::optional<SharedTensor> shared, FindShared(input.name, input.parameters));
    if (shared) {
      if (input.contents) {
        return InvalidArg("unexpected 'content' provided when using shared memory for input tensor '{}' for model '{}'",
                          input.name, wire_.model_name);
      }
      return tensors_.shared.AddInput(request_, input.name, *shared);
    }
    if (input.contents) {
      if (!wire_.raw_contents.empty()) {
        return InvalidArg("contents field must not be specified when using raw_input_contents for '{}' for model '{}'",
                          input.name, wire_.model_name);
      }
      return ConvertContents(input);
    }
    if (next_raw_ == wire_.raw_contents.size()) {
      return InvalidArg("unable to find data for input tensor '{}' for model '{}' in request.", input.name,
                        wire_.model_name);
    }
    const std::string_view raw = wire_.raw_contents[next_raw_++];
    return Append(input.name, raw.data(), raw.size());
  }

  Status ConvertContents(const WireInput& input) {
    const DataType datatype = DataTypeFromName(input.datatype);
    std::optional<ContentsKind> given;
    for (size_t i = 1; i < kContentsKinds; ++i) {
      const ContentsKind kind = static_cast<ContentsKind>(i);
      if (input.contents->count(kind) == 0) continue;
      if (given) {
        return InvalidArg(
            "unexpected explicit tensor data for input tensor '{}' for model '{}', binary data was already supplied.",
            input.name, wire_.model_name);
      }
      if (const DataType type = TypeOfContents(kind, datatype); type != datatype) {
        return InvalidArg(
            "unexpected explicit tensor data for input tensor '{}' for model '{}' of type '{}', expected datatype '{}'",
            input.name, wire_.model_name, DataTypeName(type), DataTypeName(datatype));
      }
      given = kind;
    }
    if (!given) return {};
    const size_t width = DataTypeByteSize(datatype);
    const uint64_t bytes = ContentsBytes(*input.contents, *given, width);
    BufferRef buffer = Buffer::TryAllocate(bytes);
    if (!buffer) return Unavailable("no memory for input tensor '{}' for model '{}'", input.name, wire_.model_name);
    WriteContents(*input.contents, *given, width, buffer->data());
    RETURN_IF_ERROR(Append(input.name, buffer->data(), bytes));
    tensors_.converted.push_back(std::move(buffer));
    return {};
  }

  Status Append(std::string_view name, const char* base, size_t size) {
    BufferAttributes attributes;
    attributes.byte_size = size;
    return request_.AppendInputData(name, base, attributes);
  }

  Status FillOutput(const WireOutput& output) {
    ASSIGN_OR_RETURN(const std::optional<SharedTensor> shared, FindShared(output.name, output.parameters));
    const WireValue* classification = FindParameter(output.parameters, "classification");
    if (classification == nullptr) return shared ? tensors_.shared.AddOutput(output.name, *shared) : Status();
    const int64_t* classes = std::get_if<int64_t>(classification);
    if (classes == nullptr) return WrongType("classification", "int64_param");
    if (*classes <= 0) return InvalidArg("invalid value for 'classification' parameter, expected >= 0");
    if (shared) return InvalidArg("output can't set both 'shared_memory_region' and 'classification'");
    options_.classifications.emplace(output.name, static_cast<uint64_t>(*classes));
    return {};
  }

  const WireInferRequest& wire_;
  InferenceRequest& request_;
  RequestTensors& tensors_;
  GrpcInferOptions options_;
  size_t next_raw_ = 0;
};

}  // namespace

Expected<int64_t> ParseModelVersion(std::string_view version) {
  if (version.empty()) return int64_t{-1};
  std::string_view digits = TrimBlanks(version);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{}) {
    return InvalidArg(
        "failed to get model version from specified version string '{}' (details: stol), version should be an integral "
        "value > 0",
        version);
  }
  if (number < 0) {
    return InvalidArg("invalid model version specified '{}' , version should be an integral value > 0", version);
  }
  return number;
}

Expected<GrpcInferOptions> FillFromWire(const WireInferRequest& wire, InferenceRequest& request,
                                        RequestTensors& tensors) {
  return Filler(wire, request, tensors).Fill();
}

}  // namespace neso
