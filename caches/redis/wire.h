// What Redis's protocol goes over: a socket, or TLS over one (tls_wire.h).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "neso/backend/status.h"

namespace neso::redis_cache {

// Confined to one thread at a time. After an error it is of no more use. Errors: UNAVAILABLE with the reason.
class Wire {
 public:
  virtual ~Wire() = default;
  // Waits for bytes: how many are in `room` now; 0 at the end.
  virtual backend::Result<size_t> Read(std::span<char> room) = 0;
  // Writes all of them.
  virtual backend::Status Write(std::string_view bytes) = 0;
};

// A connected socket that blocks, for as long as the time limits say that are set on it. The descriptor stays the caller's.
class Socket final : public Wire {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  backend::Result<size_t> Read(std::span<char> room) override;
  backend::Status Write(std::string_view bytes) override;
  // Whether that was the reason of the error.
  bool timed_out() const { return timed_out_; }

 private:
  backend::Status Failure(int error);

  const int fd_;
  bool timed_out_ = false;
};

}  // namespace neso::redis_cache
