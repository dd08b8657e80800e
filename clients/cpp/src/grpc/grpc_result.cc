#include "grpc/grpc_result.h"

#include <utility>

#include "common/bytes_tensor.h"

namespace triton {
namespace client {
namespace {

Error NotThere(const std::string& name, const char* what) {
  return Error(std::string("The response does not contain ") + what + " for output name '" + name + "'");
}

}  // namespace

GrpcInferResult::GrpcInferResult(Error status) : status_(std::move(status)) {}

GrpcInferResult::GrpcInferResult(Error status, inference::ModelInferResponse response)
    : status_(std::move(status)), response_(std::move(response)) {}

Error GrpcInferResult::ModelName(std::string* name) const {
  *name = response_.model_name();
  return Error::Success;
}

Error GrpcInferResult::ModelVersion(std::string* version) const {
  *version = response_.model_version();
  return Error::Success;
}

Error GrpcInferResult::Id(std::string* id) const {
  *id = response_.id();
  return Error::Success;
}

Error GrpcInferResult::Find(const std::string& name, const char* what, int* index) const {
  for (*index = 0; *index < response_.outputs_size(); ++*index) {
    if (response_.outputs(*index).name() == name) return Error::Success;
  }
  return NotThere(name, what);
}

Error GrpcInferResult::Shape(const std::string& output_name, std::vector<int64_t>* shape) const {
  int index;
  if (Error error = Find(output_name, "shape", &index); !error.IsOk()) return error;
  shape->assign(response_.outputs(index).shape().begin(), response_.outputs(index).shape().end());
  return Error::Success;
}

Error GrpcInferResult::Datatype(const std::string& output_name, std::string* datatype) const {
  int index;
  if (Error error = Find(output_name, "datatype", &index); !error.IsOk()) return error;
  *datatype = response_.outputs(index).datatype();
  return Error::Success;
}

Error GrpcInferResult::RawData(const std::string& output_name, const uint8_t** buf, size_t* byte_size) const {
  int index;
  if (Error error = Find(output_name, "results", &index); !error.IsOk()) return error;
  if (index >= response_.raw_output_contents_size()) return NotThere(output_name, "results");
  const std::string& content = response_.raw_output_contents(index);
  *buf = reinterpret_cast<const uint8_t*>(content.data());
  *byte_size = content.size();
  return Error::Success;
}

Error GrpcInferResult::StringData(const std::string& output_name, std::vector<std::string>* string_result) const {
  return StringsOf(*this, output_name, string_result);
}

bool GrpcInferResult::IsFinal() const {
  const auto found = response_.parameters().find("triton_final_response");
  return found == response_.parameters().end() || found->second.bool_param();
}

Error GrpcInferResult::IsFinalResponse(bool* is_final_response) const {
  if (is_final_response == nullptr) return Error("is_final_response cannot be nullptr");
  *is_final_response = IsFinal();
  return Error::Success;
}

Error GrpcInferResult::IsNullResponse(bool* is_null_response) const {
  if (is_null_response == nullptr) return Error("is_null_response cannot be nullptr");
  *is_null_response = response_.outputs_size() == 0 && IsFinal();
  return Error::Success;
}

std::string GrpcInferResult::DebugString() const {
  return status_.IsOk() ? response_.DebugString() : status_.Message();
}

}  // namespace client
}  // namespace triton
