#include "response_decoder.h"

#include <cstring>
#include <string>

#include "neso/backend/json.h"

namespace neso::python {
namespace {

using backend::Response;
using backend::Status;

Status SetParameters(Response& response, std::string_view json) {
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject()) return Status::Internal("a response's parameters are no JSON");
  for (const auto& [name, value] : document.GetObject()) {
    Status set;
    if (value.IsBool()) {
      set = response.SetParameter(name.GetString(), value.GetBool());
    } else if (value.IsInt64()) {
      set = response.SetParameter(name.GetString(), value.GetInt64());
    } else if (value.IsString()) {
      set = response.SetParameter(name.GetString(), value.GetString());
    } else {
      set = Status::InvalidArg("parameter '", name.GetString(), "': expected a bool, a 64-bit integer or a string");
    }
    NESO_RETURN_IF_ERROR(std::move(set));
  }
  return {};
}

Status Fill(Response& response, const WorkerResponse& from) {
  if (!from.parameters.empty()) NESO_RETURN_IF_ERROR(SetParameters(response, from.parameters));
  std::string name;
  for (const TensorRecord& tensor : from.tensors) {
    name = tensor.name;
    NESO_ASSIGN_OR_RETURN(std::byte* const to,
                          response.AddOutput(name.c_str(), tensor.datatype, tensor.shape, tensor.byte_size));
    if (tensor.byte_size != 0) std::memcpy(to, tensor.data, tensor.byte_size);
  }
  return {};
}

// Whether the bytes are those of the shape, whose numbers may be anything.
bool FitsShape(const TensorRecord& tensor) {
  const bool is_bytes = tensor.datatype == TRITONSERVER_TYPE_BYTES;
  uint64_t size = is_bytes ? sizeof(uint32_t) : backend::ByteSize(tensor.datatype);  // each string has its length
  bool overflows = false;
  for (const int64_t dimension : tensor.shape) {
    if (dimension < 0) return false;
    if (dimension == 0) return tensor.byte_size == 0;  // whatever the others are
    overflows = __builtin_mul_overflow(size, static_cast<uint64_t>(dimension), &size) || overflows;
  }
  return !overflows && (is_bytes ? size <= tensor.byte_size : size == tensor.byte_size);
}

}  // namespace

bool ReadResponse(MessageReader& reader, const Segment& segment, WorkerResponse& response) {
  const auto record = reader.Get<ResponseRecord>();
  if (record.kind > ResponseKind::kRescheduled || record.error_code > TRITONSERVER_ERROR_CANCELLED) return false;
  response.kind = record.kind;
  response.error_code = static_cast<TRITONSERVER_Error_Code>(record.error_code);
  response.tensors.clear();
  for (int i = 0; i < record.tensor_count && reader.ok(); ++i) {
    response.tensors.push_back(reader.GetTensor(segment));
    const TensorRecord& tensor = response.tensors.back();
    if (!reader.ok() || !FitsShape(tensor)) return false;
  }
  response.error = reader.GetText(record.error_length);
  response.parameters = reader.GetText(record.parameters_length);
  return reader.ok();
}

Status SendResponse(Response response, const WorkerResponse& from, bool final) {
  if (from.kind == ResponseKind::kError) {
    return response.SendError(Status(from.error_code, std::string(from.error)), final);
  }
  Status filled = Fill(response, from);
  return filled.ok() ? response.Send(final) : response.SendError(filled, final);
}

}  // namespace neso::python
