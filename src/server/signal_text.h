// Text from within a signal handler: no memory is asked for, and only async-signal-safe calls are made.
//
//   SignalText(STDERR_FILENO) << "Signal (" << number << ") received.\n";
#pragma once

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace neso {

// A pipe that nobody reads must not keep a handler.
inline bool CanWrite(int fd) {
  pollfd room{.fd = fd, .events = POLLOUT, .revents = 0};
  return poll(&room, 1, 0) > 0;
}

struct Hex {
  uint64_t value;
};

// Writes what it was given when it goes, or is full. A write that fails loses its part.
class SignalText {
 public:
  explicit SignalText(int fd) : fd_(fd) {}
  ~SignalText() { Flush(); }
  SignalText(const SignalText&) = delete;
  SignalText& operator=(const SignalText&) = delete;

  SignalText& operator<<(std::string_view text) {
    while (!text.empty()) {
      if (size_ == buffer_.size()) Flush();
      const size_t taken = text.size() < buffer_.size() - size_ ? text.size() : buffer_.size() - size_;
      std::memcpy(buffer_.data() + size_, text.data(), taken);
      size_ += taken;
      text.remove_prefix(taken);
    }
    return *this;
  }
  SignalText& operator<<(int64_t number) {
    if (number >= 0) return Digits(static_cast<uint64_t>(number), 10);
    return (*this << "-").Digits(0 - static_cast<uint64_t>(number), 10);
  }
  SignalText& operator<<(int number) { return *this << static_cast<int64_t>(number); }
  SignalText& operator<<(Hex number) { return (*this << "0x").Digits(number.value, 16); }

 private:
  SignalText& Digits(uint64_t number, unsigned base) {
    std::array<char, 20> digits{};
    size_t first = digits.size();
    do {
      digits[--first] = "0123456789abcdef"[number % base];
      number /= base;
    } while (number != 0);
    return *this << std::string_view(digits.data() + first, digits.size() - first);
  }
  void Flush() {
    [[maybe_unused]] const ssize_t written = write(fd_, buffer_.data(), size_);
    size_ = 0;
  }

  const int fd_;
  size_t size_ = 0;
  std::array<char, 512> buffer_;
};

}  // namespace neso
