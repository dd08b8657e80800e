// The sending side of an HTTP/1.1 connection: heads, bodies and chunks go out at once as far as the socket takes them,
// the rest waits here. Confined to the connection's strand.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_budget.h"
#include "net/http_exchange.h"
#include "net/transport.h"

namespace neso::net {

// How an answer's end is told.
enum class AnswerFraming { kLength, kChunked, kUntilClose };

struct AnswerHead {
  AnswerFraming framing = AnswerFraming::kLength;
  bool no_body = false;          // an answer to HEAD: the length is told, the body is not sent
  bool close = false;            // "Connection: close"
  bool keep_alive_note = false;  // "Connection: keep-alive", which HTTP/1.0 clients wait for
};

class Http1Output {
 public:
  explicit Http1Output(Transport& transport) : transport_(transport) {}

  // Sends head, body and parts. The caller keeps `release` of the answer until empty() or failed().
  void Send(const AnswerHead& head, HttpResponse&& response);
  void SendText(std::string_view text);
  // One chunk of a streamed answer, with its framing; then the end of the stream.
  void SendChunk(AnswerFraming framing, std::string&& chunk);
  void SendEnd(AnswerFraming framing);
  // Goes on with what waits; call it when the socket has room again.
  void Flush();

  bool empty() const { return pending_ == nullptr; }
  size_t pending_bytes() const { return pending_ ? pending_->bytes : 0; }
  // Of what had to wait, how much the socket has taken since.
  size_t taken_bytes() const { return taken_bytes_; }
  bool failed() const { return failed_; }  // the connection is lost

 private:
  struct Piece {
    std::string owned;  // if `borrowed` is null
    const char* borrowed = nullptr;
    size_t size = 0;
    MemoryCharge charge{};  // of what is owned; borrowed memory is charged already
    const char* data() const { return borrowed != nullptr ? borrowed : owned.data(); }
  };
  // Exists only while the socket is full, or while a large answer is sent.
  struct Pending {
    std::vector<Piece> pieces;
    size_t first = 0;   // pieces before it are sent
    size_t offset = 0;  // of the first piece
    size_t bytes = 0;
  };

  // Sends bytes that live only during the call.
  void SendNow(std::string_view bytes);
  // Sends the pieces as far as they go at once, without taking memory. Returns how many bytes went.
  size_t SendDirectly(std::span<const std::string_view> pieces);
  void SendLarge(const AnswerHead& head, HttpResponse&& response, size_t payload, bool send_body);
  // `skip` bytes at its front are sent already.
  void Append(std::string&& owned, size_t skip = 0);
  void Append(BodyPart part);

  Transport& transport_;
  std::unique_ptr<Pending> pending_;
  size_t taken_bytes_ = 0;
  bool failed_ = false;
};

}  // namespace neso::net
