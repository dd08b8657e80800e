// The answer to an inference request over gRPC.
#pragma once

#include <string>
#include <vector>

#include "common.h"
#include "grpc_service.pb.h"

namespace triton {
namespace client {

class GrpcInferResult final : public InferResult {
 public:
  // Of a request that was never answered.
  explicit GrpcInferResult(Error status);
  // With an error, of whatever the server told beside it.
  GrpcInferResult(Error status, inference::ModelInferResponse response);

  Error ModelName(std::string* name) const override;
  Error ModelVersion(std::string* version) const override;
  Error Id(std::string* id) const override;
  Error Shape(const std::string& output_name, std::vector<int64_t>* shape) const override;
  Error Datatype(const std::string& output_name, std::string* datatype) const override;
  Error RawData(const std::string& output_name, const uint8_t** buf, size_t* byte_size) const override;
  Error StringData(const std::string& output_name, std::vector<std::string>* string_result) const override;
  Error IsFinalResponse(bool* is_final_response) const override;
  Error IsNullResponse(bool* is_null_response) const override;
  std::string DebugString() const override;
  Error RequestStatus() const override { return status_; }

 private:
  bool IsFinal() const;
  // The output's position. Error: there is none of that name, in words for who looks for `what`.
  Error Find(const std::string& name, const char* what, int* index) const;

  const Error status_;
  const inference::ModelInferResponse response_;
};

}  // namespace client
}  // namespace triton
