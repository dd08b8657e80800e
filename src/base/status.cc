#include "base/status.h"

namespace neso {

std::string_view StatusCodeText(StatusCode code) {
  switch (code) {
    case StatusCode::kUnknown: return "Unknown";
    case StatusCode::kInternal: return "Internal";
    case StatusCode::kNotFound: return "Not found";
    case StatusCode::kInvalidArg: return "Invalid argument";
    case StatusCode::kUnavailable: return "Unavailable";
    case StatusCode::kUnsupported: return "Unsupported";
    case StatusCode::kAlreadyExists: return "Already exists";
    case StatusCode::kCancelled: break;
  }
  return "<invalid code>";
}

Status::Status(StatusCode code, std::string message)
    : error_(std::make_unique<Error>(Error{code, std::move(message)})) {}

Status::Status(const Status& other) : error_(other.error_ ? std::make_unique<Error>(*other.error_) : nullptr) {}

Status& Status::operator=(const Status& other) {
  if (this != &other) error_ = other.error_ ? std::make_unique<Error>(*other.error_) : nullptr;
  return *this;
}

const std::string& Status::message() const {
  static const std::string kNone;
  return error_ ? error_->message : kNone;
}

std::string Status::ToString() const {
  if (ok()) return "OK";
  return fmt::format("{}: {}", StatusCodeText(code()), message());
}

void ExpectedMisread(const Status* error) {
  const std::string why = error == nullptr ? "there is a value, and no error"
                                           : fmt::format("there is no value, but an error: {}", error->ToString());
  CheckFailed("Expected", 0, "what is read is there", why.c_str());
}

}  // namespace neso
