// A request that the backend owns during an execution.
//
//   for (Request& request : execution.requests()) {
//     NESO_ASSIGN_OR_RETURN(const Input input, request.input("INPUT0"));
//     if (request.IsCancelled()) ...
//   }
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "neso/backend/input.h"
#include "neso/backend/log.h"
#include "neso/backend/status.h"
#include "triton/core/tritonbackend.h"

namespace neso::backend {

using ParameterValue = std::variant<std::string_view, int64_t, bool, double>;
struct RequestParameter {
  std::string_view name;
  ParameterValue value;
};

// Views that it returns live until it is released. Destroying a request that nobody answered answers it with an error,
// so that no client waits for ever; then it is released.
class Request {
 public:
  Request() = default;
  explicit Request(TRITONBACKEND_Request* handle) { Attach(handle); }
  ~Request() { Finish(); }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  TRITONBACKEND_Request* handle() const { return handle_; }

  std::string_view id() const {
    const char* id = nullptr;
    return Status(TRITONBACKEND_RequestId(handle_, &id)).ok() && id != nullptr ? id : "";
  }
  // The sequence's id as text, also if it is a number; "0" if there is none.
  std::string correlation_id() const {
    uint64_t number = 0;
    if (Status(TRITONBACKEND_RequestCorrelationId(handle_, &number)).ok()) return std::to_string(number);
    const char* text = nullptr;
    return Status(TRITONBACKEND_RequestCorrelationIdString(handle_, &text)).ok() && text != nullptr ? text : "";
  }
  // Bits of TRITONSERVER_RequestFlag.
  uint32_t flags() const {
    uint32_t flags = 0;
    (void)Status(TRITONBACKEND_RequestFlags(handle_, &flags));
    return flags;
  }
  bool sequence_start() const { return (flags() & TRITONSERVER_REQUEST_FLAG_SEQUENCE_START) != 0; }
  bool sequence_end() const { return (flags() & TRITONSERVER_REQUEST_FLAG_SEQUENCE_END) != 0; }
  bool IsCancelled() const {
    bool cancelled = false;
    (void)Status(TRITONBACKEND_RequestIsCancelled(handle_, &cancelled));
    return cancelled;
  }
  // nullptr if the request is not traced.
  TRITONSERVER_InferenceTrace* trace() const {
    TRITONSERVER_InferenceTrace* trace = nullptr;
    (void)Status(TRITONBACKEND_RequestTrace(handle_, &trace));
    return trace;
  }

  uint32_t input_count() const {
    uint32_t count = 0;
    (void)Status(TRITONBACKEND_RequestInputCount(handle_, &count));
    return count;
  }
  // In no particular order.
  Result<Input> input(uint32_t index) const {
    TRITONBACKEND_Input* input = nullptr;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_RequestInputByIndex(handle_, index, &input));
    return Input::Of(input);
  }
  // An error if the request has no such input.
  Result<Input> input(const char* name) const {
    TRITONBACKEND_Input* input = nullptr;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_RequestInput(handle_, name, &input));
    return Input::Of(input);
  }
  bool HasInput(const char* name) const {
    for (uint32_t i = 0, count = input_count(); i < count; ++i) {
      const char* candidate = nullptr;
      if (Status(TRITONBACKEND_RequestInputName(handle_, i, &candidate)).ok() && std::strcmp(candidate, name) == 0) {
        return true;
      }
    }
    return false;
  }

  // How many items the request adds to a batch: the first dimension of its inputs. Only for models that batch. Where
  // some inputs have no batch dimension, Execution has found one that has.
  int64_t batch_size() const {
    if (handle_ == nullptr) return batch_size_ < 0 ? 1 : batch_size_;
    if (batch_size_ < 0) {
      const Result<Input> first = input(0u);
      batch_size_ = first && !first->shape.empty() ? first->shape[0] : 1;
    }
    return batch_size_;
  }

  // The outputs that the client wants; all of the model's if it did not say.
  uint32_t requested_output_count() const {
    uint32_t count = 0;
    (void)Status(TRITONBACKEND_RequestOutputCount(handle_, &count));
    return count;
  }
  bool Wants(std::string_view output) const {
    for (uint32_t i = 0, count = requested_output_count(); i < count; ++i) {
      const char* name = nullptr;
      if (Status(TRITONBACKEND_RequestOutputName(handle_, i, &name)).ok() && output == name) return true;
    }
    return false;
  }

  // Where the client wants an output; the host's memory if it does not say.
  Place PlaceOf(const char* output) const {
    Place place;
    size_t byte_size = 0;
    const Status status =
        TRITONBACKEND_RequestOutputBufferProperties(handle_, output, &byte_size, &place.type, &place.id);
    return status.ok() ? place : Place::Cpu();
  }

  Result<std::vector<RequestParameter>> Parameters() const {
    uint32_t count = 0;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_RequestParameterCount(handle_, &count));
    std::vector<RequestParameter> parameters;
    for (uint32_t i = 0; i < count; ++i) {
      const char* name = nullptr;
      TRITONSERVER_ParameterType type{};
      const void* value = nullptr;
      NESO_RETURN_IF_ERROR(TRITONBACKEND_RequestParameter(handle_, i, &name, &type, &value));
      switch (type) {
        case TRITONSERVER_PARAMETER_STRING:
          parameters.push_back({name, std::string_view(static_cast<const char*>(value))});
          break;
        case TRITONSERVER_PARAMETER_INT: parameters.push_back({name, *static_cast<const int64_t*>(value)}); break;
        case TRITONSERVER_PARAMETER_BOOL: parameters.push_back({name, *static_cast<const bool*>(value)}); break;
        case TRITONSERVER_PARAMETER_DOUBLE: parameters.push_back({name, *static_cast<const double*>(value)}); break;
        case TRITONSERVER_PARAMETER_BYTES: break;  // requests carry none: nothing tells their size
      }
    }
    return parameters;
  }

  // Gives the request back early; it must not be used afterwards. An error leaves it with the backend.
  Status Release(uint32_t flags = TRITONSERVER_REQUEST_RELEASE_ALL) {
    NESO_RETURN_IF_ERROR(TRITONBACKEND_RequestRelease(handle_, flags));
    handle_ = nullptr;
    return {};
  }
  // The caller answers and releases it from now on.
  TRITONBACKEND_Request* Detach() { return std::exchange(handle_, nullptr); }

  // ---- For Response and Execution.

  void Attach(TRITONBACKEND_Request* handle) {
    handle_ = handle;
    batch_size_ = -1;
    answered_ = failed_ = false;
  }
  bool answered() const { return answered_; }  // a response was made, or a factory that will make them
  bool failed() const { return failed_; }      // a response carried an error
  void set_batch_size(int64_t size) { batch_size_ = size; }
  void set_answered() { answered_ = true; }
  void set_failed() { failed_ = true; }

  // Answers with `error` if nobody answered yet.
  void Fail(const Status& error) {
    failed_ = true;
    if (handle_ == nullptr || answered_) return;
    answered_ = true;
    TRITONBACKEND_Response* response = nullptr;
    NESO_LOG_IF_ERROR(TRITONBACKEND_ResponseNew(&response, handle_), "cannot answer a failed request");
    if (response == nullptr) return;
    NESO_LOG_IF_ERROR(TRITONBACKEND_ResponseSend(response, TRITONSERVER_RESPONSE_COMPLETE_FINAL, error.get()),
                      "cannot send an error");
  }
  void Finish() {
    if (handle_ == nullptr) return;
    if (!answered_) Fail(Status::Internal("the backend ended the request without an answer"));
    NESO_LOG_IF_ERROR(Release(), "cannot release a request");
    handle_ = nullptr;
  }

 private:
  TRITONBACKEND_Request* handle_ = nullptr;
  mutable int64_t batch_size_ = -1;  // unknown yet
  bool answered_ = false;
  bool failed_ = false;
};

}  // namespace neso::backend
