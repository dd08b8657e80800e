#include "net/transport.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace neso::net {
namespace {

size_t Total(std::span<const iovec> pieces) {
  size_t bytes = 0;
  for (const iovec& piece : pieces) bytes += piece.iov_len;
  return bytes;
}

IoResult Failure() {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoResult::State::kWouldBlock, 0, true};
  return {IoResult::State::kFailed, 0, true};
}

}  // namespace

SocketTransport::~SocketTransport() { close(fd_); }

IoResult SocketTransport::Read(std::span<iovec> pieces) {
  ssize_t n;
  do {
    // recv is a little cheaper than the general calls, and one piece is the usual case.
    n = pieces.size() == 1 ? recv(fd_, pieces[0].iov_base, pieces[0].iov_len, 0)
                           : readv(fd_, pieces.data(), static_cast<int>(pieces.size()));
  } while (n < 0 && errno == EINTR);
  if (n < 0) return Failure();
  if (n == 0) return {IoResult::State::kEnd, 0, true};
  const auto bytes = static_cast<size_t>(n);
  received_.Add(bytes);
  // A short read empties a stream socket (epoll(7), "Questions and answers" 9): no second read to see EAGAIN.
  return {IoResult::State::kOk, bytes, bytes < Total(pieces)};
}

IoResult SocketTransport::Write(std::span<iovec> pieces) {
  ssize_t n;
  do {
    // Not writev: a closed connection must not raise SIGPIPE in a program that embeds us.
    if (pieces.size() == 1) {
      n = send(fd_, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
    } else {
      msghdr message{};
      message.msg_iov = pieces.data();
      message.msg_iovlen = pieces.size();
      n = sendmsg(fd_, &message, MSG_NOSIGNAL);
    }
  } while (n < 0 && errno == EINTR);
  if (n < 0) return Failure();
  sent_.Add(static_cast<size_t>(n));
  return {IoResult::State::kOk, static_cast<size_t>(n), false};
}

void SocketTransport::FinishWriting() { shutdown(fd_, SHUT_WR); }

void SocketTransport::Abort() { shutdown(fd_, SHUT_RDWR); }

}  // namespace neso::net
