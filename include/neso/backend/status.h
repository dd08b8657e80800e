// Errors as values: Status owns a TRITONSERVER_Error, Result<T> holds a T or a Status.
//
//   Status Load(const std::string& path) {
//     if (path.empty()) return Status::InvalidArg("path: expected a file, got nothing");
//     NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelServer(model, &server));   // takes what the C interface returns, too
//     NESO_ASSIGN_OR_RETURN(const int64_t threads, config.parameters.Or("threads", int64_t{1}));
//     return {};                                                         // success
//   }
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "neso/backend/text.h"
#include "triton/core/tritonserver.h"

namespace neso::backend {

// Move-only, because the error it owns cannot be copied; Copy() makes another. Success costs a null pointer.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(TRITONSERVER_Error* error) : error_(error) {}  // NOLINT: takes ownership; nullptr is success
  Status(TRITONSERVER_Error_Code code, const std::string& message)
      : error_(TRITONSERVER_ErrorNew(code, message.c_str())) {}
  Status(Status&& other) noexcept : error_(std::exchange(other.error_, nullptr)) {}
  Status& operator=(Status&& other) noexcept {
    std::swap(error_, other.error_);
    return *this;
  }
  ~Status() {
    if (error_ != nullptr) TRITONSERVER_ErrorDelete(error_);
  }

  template <typename... Parts>
  static Status InvalidArg(const Parts&... parts) {
    return {TRITONSERVER_ERROR_INVALID_ARG, Concat(parts...)};
  }
  template <typename... Parts>
  static Status Internal(const Parts&... parts) {
    return {TRITONSERVER_ERROR_INTERNAL, Concat(parts...)};
  }
  template <typename... Parts>
  static Status NotFound(const Parts&... parts) {
    return {TRITONSERVER_ERROR_NOT_FOUND, Concat(parts...)};
  }
  template <typename... Parts>
  static Status Unavailable(const Parts&... parts) {
    return {TRITONSERVER_ERROR_UNAVAILABLE, Concat(parts...)};
  }
  template <typename... Parts>
  static Status Unsupported(const Parts&... parts) {
    return {TRITONSERVER_ERROR_UNSUPPORTED, Concat(parts...)};
  }

  bool ok() const { return error_ == nullptr; }
  // The code and message of an error; UNKNOWN and "" for success.
  TRITONSERVER_Error_Code code() const { return ok() ? TRITONSERVER_ERROR_UNKNOWN : TRITONSERVER_ErrorCode(error_); }
  std::string_view message() const { return ok() ? "" : TRITONSERVER_ErrorMessage(error_); }

  Status Copy() const { return ok() ? Status() : Status(code(), std::string(message())); }
  // The error for the C interface: borrowed, or given away.
  TRITONSERVER_Error* get() const { return error_; }
  TRITONSERVER_Error* Release() { return std::exchange(error_, nullptr); }

 private:
  TRITONSERVER_Error* error_ = nullptr;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT: implicit, as in `return value;`
  Result(Status status) : status_(std::move(status)) {}  // NOLINT: `status` is an error
  Result(TRITONSERVER_Error* error) : status_(error) {}  // NOLINT: `error` is not null

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  // The error; an OK status if there is a value.
  const Status& status() const { return status_; }
  Status TakeStatus() { return std::move(status_); }

  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace neso::backend

#define NESO_CONCAT_INNER(a, b) a##b
#define NESO_CONCAT(a, b) NESO_CONCAT_INNER(a, b)

// Leaves the function with the error of `expression`, a Status or a TRITONSERVER_Error*.
#define NESO_RETURN_IF_ERROR(expression)                                      \
  do {                                                                        \
    if (::neso::backend::Status neso_status{expression}; !neso_status.ok()) { \
      return neso_status;                                                     \
    }                                                                         \
  } while (false)

// `declaration` = the value of `expression`, a Result; leaves the function with its error.
#define NESO_ASSIGN_OR_RETURN(declaration, expression) \
  NESO_ASSIGN_OR_RETURN_INNER(NESO_CONCAT(neso_result_, __LINE__), declaration, expression)
#define NESO_ASSIGN_OR_RETURN_INNER(result, declaration, expression) \
  auto result = (expression);                                        \
  if (!result.ok()) return result.TakeStatus();                      \
  declaration = std::move(*result)
