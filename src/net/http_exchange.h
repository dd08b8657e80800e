// One HTTP request and its answer, the same for HTTP/1.1 and HTTP/2: what the front ends see of the network.
//
//   class Hello final : public HttpHandler {
//     BodyPolicy OnHead(const HttpHead&) override { return {.max_bytes = 1 << 20}; }
//     void OnRequest(HttpExchangeRef exchange) override { exchange->Respond({.status = 200, .body = "hello"}); }
//   };
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/block_cache.h"
#include "base/buffer.h"
#include "net/peer_address.h"

namespace neso::net {

// The head of a request. Views stay valid as long as the exchange lives.
struct HttpHead {
  std::string_view method;
  std::string_view path;   // as sent, without query, not percent-decoded
  std::string_view query;  // without '?', empty if there is none
  int version_major = 1;
  int version_minor = 1;
  using Headers = std::vector<std::pair<std::string_view, std::string_view>,
                              BlockAllocator<std::pair<std::string_view, std::string_view>>>;
  Headers headers;  // names as sent, values without outer blanks
  PeerAddress peer;

  // The first header of that name, compared without case; an unset view (data() == nullptr) if there is none.
  std::string_view Find(std::string_view name) const;
  bool Has(std::string_view name) const { return Find(name).data() != nullptr; }
};

// Of a head that its connection keeps for the next request, which mostly has the same: an idle connection has one,
// whatever its client sends.
inline constexpr size_t kRememberedHeadBytes = 2048;

struct HttpResponse;

// What the handler says once the head is known and before the body is read.
struct BodyPolicy {
  size_t max_bytes =
      SIZE_MAX;  // a longer body is answered with 413 (Content-Length) or ends at the chunk that exceeds it
  size_t aligned_offset = 0;  // this byte of the body is placed on a 64-byte border (clamped to the body's size)
  // The answer, if the head is enough to know it: no body is read, and OnRequest not called. Null nearly always.
  std::shared_ptr<HttpResponse> refusal = nullptr;
  std::shared_ptr<void> ticket = nullptr;  // the exchange keeps it as long as it lives
};

// A part of an answer's body, sent as it is (no copy); it must stay valid until `HttpResponse::release` runs.
struct BodyPart {
  const char* data = nullptr;
  size_t size = 0;
};

struct HttpResponse {
  int status = 200;
  // Content-Length (or chunked coding), Connection and Date are the engine's. A null `content_type` adds none.
  const char* content_type = nullptr;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;               // sent first
  std::vector<BodyPart> parts;    // sent after `body`
  std::shared_ptr<void> release;  // keeps `parts` alive; let go once they are in the kernel or the connection is gone
};

// Thread-safe: any thread may answer, once; a lost connection makes answering a no-op.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  virtual const HttpHead& head() const = 0;
  // The body as received (still compressed if it was). Null when there is none.
  virtual const BufferRef& body() const = 0;
  // How many non-empty chunks the body came in; 0 when it was not chunked.
  virtual size_t body_chunks() const = 0;
  // When the first byte and the last byte of the request were read (steady ns), for traces.
  virtual uint64_t receive_start_ns() const = 0;
  virtual uint64_t receive_end_ns() const = 0;
  // What the handler said of the head.
  virtual const std::shared_ptr<void>& ticket() const = 0;

  virtual void Respond(HttpResponse response) = 0;

  // A streamed answer (chunked in HTTP/1.1): StartStream once, Write any number of times, Finish once.
  virtual void StartStream(HttpResponse head) = 0;
  // False when the client is gone or so slow that `max_unread_bytes` of the server's limit would be exceeded: stop
  // then.
  virtual bool Write(std::string chunk) = 0;
  virtual void Finish() = 0;
  // Closes the connection after the answer (HTTP/1.1 "Connection: close").
  virtual void CloseAfterResponse() = 0;

  // Runs `callback` once, on a network thread, if the client goes away before the answer is complete; at once if it
  // has. An empty function takes the callback back; after SetDisconnectCallback({}) returns it is not running any more.
  virtual void SetDisconnectCallback(std::function<void()> callback) = 0;
};
using HttpExchangeRef = std::shared_ptr<HttpExchange>;

// Thread-safe: called from all network threads.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  virtual BodyPolicy OnHead(const HttpHead& head) = 0;
  // The request is complete. Runs at the top of a network thread, outside the connection's strand and under an
  // InlineHost.
  virtual void OnRequest(HttpExchangeRef exchange) = 0;
};

}  // namespace neso::net
