// Errors at the border of the C ABI: TRITONSERVER_Error is a Status on the heap.
//
//   TRITONSERVER_Error* TRITONBACKEND_BackendName(...) { return MakeApiError(InvalidArg("...")); }
//   Status status = TakeStatus(plugin_function(...));
#pragma once

#include <utility>

#include "base/status.h"
#include "core/abi.h"

namespace neso {

class ApiError final : public TRITONSERVER_Error {
 public:
  // Precondition: !status.ok().
  explicit ApiError(Status status) : status_(std::move(status)) {}
  const Status& status() const { return status_; }

 private:
  const Status status_;
};

// Null for success. The receiver owns the error.
inline TRITONSERVER_Error* MakeApiError(Status status) {
  return status.ok() ? nullptr : new ApiError(std::move(status));
}

// Copies what the error says; `error` may be null (success).
inline Status StatusOf(const TRITONSERVER_Error* error) {
  return error == nullptr ? Status() : static_cast<const ApiError*>(error)->status();
}

// Deletes the error and returns what it said.
inline Status TakeStatus(TRITONSERVER_Error* error) {
  Status status = StatusOf(error);
  delete static_cast<ApiError*>(error);
  return status;
}

}  // namespace neso
