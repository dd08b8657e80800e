// What a call of neso::Client gives: a value, or why there is none.
//
//   neso::Result<neso::InferAnswer> answer = client.Infer(request).Get();
//   if (!answer) std::cerr << answer.error().message << "\n";
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace neso {

enum class ErrorKind {
  kUnknown,
  kInternal,
  kNotFound,
  kInvalidArgument,
  kUnavailable,  // no endpoint could be reached, or all refused
  kUnsupported,
  kAlreadyExists,
  kCancelled,
  kDeadlineExceeded,
};

struct ClientError {
  ErrorKind kind = ErrorKind::kUnknown;
  std::string message = {};
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(ClientError error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // The one that is not there: std::bad_variant_access.
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  // A value of its own, so that a loop over what a call gives does not run over what has gone.
  T value() && { return std::get<0>(std::move(state_)); }
  const ClientError& error() const& { return std::get<1>(state_); }
  ClientError error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, ClientError> state_;
};

}  // namespace neso
