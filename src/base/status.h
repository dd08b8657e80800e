// Errors as values: `Status` is success or a code with a message, `Expected<T>` is a T or a Status.
//
//   Expected<ModelConfig> config = ParseModelConfig(text);
//   if (!config) return config.error().WithContext("model '{}'", name);
//   Use(*config);
//
// The codes are those of the C ABI (TRITONSERVER_Error_Code) and keep its numbers, so that they cross that border as
// they are; they turn into HTTP or gRPC codes in the front ends only.
#pragma once

#include <fmt/core.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace neso {

enum class StatusCode : int {
  kUnknown = 0,
  kInternal = 1,
  kNotFound = 2,
  kInvalidArg = 3,
  kUnavailable = 4,
  kUnsupported = 5,
  kAlreadyExists = 6,
  kCancelled = 7,
};

// The text users know a code by ("Invalid argument"). kCancelled has none of its own: "<invalid code>".
std::string_view StatusCodeText(StatusCode code);

// Thread-compatible. Success costs one null pointer.
class [[nodiscard]] Status {
 public:
  Status() = default;  // success
  Status(StatusCode code, std::string message);
  Status(const Status& other);
  Status& operator=(const Status& other);
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;
  ~Status() = default;

  static Status Ok() { return {}; }

  bool ok() const { return error_ == nullptr; }
  // Precondition: !ok(). Success has no code: asking it for one ends the process.
  StatusCode code() const {
    CHECK(!ok(), "success has no code");
    return error_->code;
  }
  // Empty on success.
  const std::string& message() const;

  // The same code, with "<context>: " before the message. Success stays success.
  template <typename... Args>
  Status WithContext(fmt::format_string<Args...> format, Args&&... args) const {
    if (ok()) return {};
    return Status(code(), fmt::format(format, std::forward<Args>(args)...) + ": " + message());
  }

  // "Invalid argument: <message>", or "OK"; for logs.
  std::string ToString() const;

 private:
  struct Error {
    StatusCode code;
    std::string message;
  };
  std::unique_ptr<Error> error_;
};

// One maker a code: `return InvalidArg("input '{}': expected {}, got {}", name, want, got);`
#define NESO_STATUS_MAKER(Name)                                                      \
  template <typename... Args>                                                        \
  [[nodiscard]] Status Name(fmt::format_string<Args...> f, Args&&... args) {         \
    return Status(StatusCode::k##Name, fmt::format(f, std::forward<Args>(args)...)); \
  }
NESO_STATUS_MAKER(Unknown)
NESO_STATUS_MAKER(Internal)
NESO_STATUS_MAKER(NotFound)
NESO_STATUS_MAKER(InvalidArg)
NESO_STATUS_MAKER(Unavailable)
NESO_STATUS_MAKER(Unsupported)
NESO_STATUS_MAKER(AlreadyExists)
NESO_STATUS_MAKER(Cancelled)
#undef NESO_STATUS_MAKER

// An Expected was read as what it is not. `error` is what it holds, or null if it holds a value.
[[noreturn]] void ExpectedMisread(const Status* error);

// A T, or the Status that says why there is none. To read the one that is not there ends the process, in every build,
// with the error's text: going on with what is not a T would fail later, elsewhere and without a reason.
template <typename T>
class [[nodiscard]] Expected {
 public:
  Expected(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // Precondition: !error.ok().
  Expected(Status error) : state_(std::in_place_index<1>, std::move(error)) {
    CHECK(!std::get_if<1>(&state_)->ok(), "success is no reason for a missing value");
  }

  explicit operator bool() const { return state_.index() == 0; }
  bool ok() const { return state_.index() == 0; }

  // Preconditions: ok() for the value, !ok() for the error.
  T& operator*() & { return *Value(state_); }
  const T& operator*() const& { return *Value(state_); }
  T&& operator*() && { return std::move(*Value(state_)); }
  T* operator->() { return Value(state_); }
  const T* operator->() const { return Value(state_); }
  const Status& error() const& { return *Error(state_); }
  Status&& error() && { return std::move(*Error(state_)); }
  // Success or the error.
  Status status() const { return ok() ? Status::Ok() : error(); }

 private:
  template <typename State>
  static auto* Value(State& state) {
    auto* value = std::get_if<0>(&state);
    if (value == nullptr) [[unlikely]]
      ExpectedMisread(std::get_if<1>(&state));
    return value;
  }
  template <typename State>
  static auto* Error(State& state) {
    auto* error = std::get_if<1>(&state);
    if (error == nullptr) [[unlikely]]
      ExpectedMisread(nullptr);
    return error;
  }

  std::variant<T, Status> state_;
};

#define NESO_CONCAT_INNER(a, b) a##b
#define NESO_CONCAT(a, b) NESO_CONCAT_INNER(a, b)

// Leaves the function with the error, if there is one.
#define RETURN_IF_ERROR(expression)                                                       \
  do {                                                                                    \
    if (::neso::Status neso_status = (expression); !neso_status.ok()) return neso_status; \
  } while (false)

// ASSIGN_OR_RETURN(auto config, ParseModelConfig(text));
#define ASSIGN_OR_RETURN(declaration, expression)                                                              \
  auto NESO_CONCAT(neso_expected_, __LINE__) = (expression);                                                   \
  if (!NESO_CONCAT(neso_expected_, __LINE__)) return std::move(NESO_CONCAT(neso_expected_, __LINE__)).error(); \
  declaration = *std::move(NESO_CONCAT(neso_expected_, __LINE__))

}  // namespace neso
