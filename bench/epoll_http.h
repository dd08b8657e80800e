// The least that an HTTP server can do: an answer made of each request's body.
//
//   return bench::ServeHttp(argc, argv, [](std::string_view body, std::string&) { return body; });
//
// It trusts its clients: no limits, no chunked bodies, no partial heads across reads worth optimising.
#pragma once

#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "epoll_server.h"

namespace bench {

// Bytes after the body that may be read.
inline constexpr size_t kPadding = 64;

struct Connection {
  explicit Connection(int fd) : fd(fd) {}
  ~Connection() { close(fd); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const int fd;
  std::vector<char> buffer = std::vector<char>(16 * 1024);
  size_t filled = 0;
  size_t body_at = 0;
  size_t body_size = 0;
  // Of the answer being written: its body is the request's, or stands in `made`.
  char head[128] = {};
  size_t head_size = 0;
  std::string_view answer{};
  std::string made{};
  size_t sent = 0;
  bool writing = false;
};

// True when a whole request is in the buffer; makes room for the rest otherwise.
inline bool Complete(Connection& c) {
  const std::string_view bytes(c.buffer.data(), c.filled);
  const size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return false;
  size_t length = 0;
  for (const char* name : {"\nContent-Length: ", "\ncontent-length: "}) {
    const size_t at = bytes.substr(0, end).find(name);
    if (at != std::string_view::npos) std::from_chars(bytes.data() + at + 17, bytes.data() + end, length);
  }
  c.body_at = end + 4;
  c.body_size = length;
  if (c.buffer.size() < c.body_at + length + kPadding) c.buffer.resize(c.body_at + length + kPadding);
  return c.filled >= c.body_at + length;
}

// False when the connection is done for.
inline bool Flush(Connection& c) {
  for (;;) {
    iovec pieces[2];
    int count = 0;
    if (c.sent < c.head_size) pieces[count++] = {c.head + c.sent, c.head_size - c.sent};
    const std::string_view left = c.answer.substr(c.sent > c.head_size ? c.sent - c.head_size : 0);
    if (!left.empty()) pieces[count++] = {const_cast<char*>(left.data()), left.size()};
    if (count == 0) break;
    const ssize_t n = writev(c.fd, pieces, count);
    if (n < 0) return errno == EAGAIN;
    c.sent += static_cast<size_t>(n);
  }
  c.writing = false;
  c.filled = 0;
  return true;
}

// `answer` gets the body and a string that lives as long as the connection; it returns a view of either.
template <typename Answer>
bool Serve(Connection& c, Answer& answer) {
  for (;;) {
    if (c.writing && !Flush(c)) return false;
    if (c.writing) return true;
    const size_t room = c.buffer.size() - c.filled;
    const ssize_t n = read(c.fd, c.buffer.data() + c.filled, room);
    if (n == 0) return false;
    if (n < 0) return errno == EAGAIN;
    c.filled += static_cast<size_t>(n);
    if (Complete(c)) {
      c.answer = answer(std::string_view(c.buffer.data() + c.body_at, c.body_size), c.made);
      c.head_size = static_cast<size_t>(
          std::snprintf(c.head, sizeof c.head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", c.answer.size()));
      c.sent = 0;
      c.writing = true;
      if (!Flush(c)) return false;
      if (c.writing) return true;
    }
    if (static_cast<size_t>(n) < room) return true;
  }
}

// Serves on the port that is the first argument, for ever.
template <typename Answer>
int ServeHttp(int argc, char** argv, Answer answer) {
  return ServeForEver(
      argc, argv, 9000, [](int fd) { return new Connection(fd); },
      [&answer](Connection& connection) { return Serve(connection, answer); });
}

}  // namespace bench
