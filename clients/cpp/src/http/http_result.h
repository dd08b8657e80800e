// The answer to an inference request over HTTP.
#pragma once

#include <rapidjson/document.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common.h"
#include "http/exchange.h"

namespace triton {
namespace client {

class HttpInferResult final : public InferResult {
 public:
  // Of a request that was never answered.
  explicit HttpInferResult(Error status);
  // Of an answer, which may be the server's refusal.
  explicit HttpInferResult(HttpAnswer answer);

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
  struct Output {
    std::vector<int64_t> shape;
    std::string datatype;
    bool has_data = false;            // it is not in shared memory
    std::string from_json;            // its bytes, if the answer held them as JSON
    size_t begin = 0, byte_size = 0;  // where they are in the body otherwise
  };

  Error Read();
  Error ReadOutput(const rapidjson::Value& json, size_t* read);
  Error Text(const char* member, const char* what, std::string* text) const;
  Error Find(const std::string& name, const Output** output) const;

  Error status_;
  HttpAnswer answer_;
  rapidjson::Document json_;
  std::map<std::string, Output> outputs_;
};

// The error that the body of an answer with a status other than 200 tells.
Error ServerError(const HttpAnswer& answer, const std::string& otherwise);

}  // namespace client
}  // namespace triton
