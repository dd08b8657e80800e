// A request over HTTP/1.1 and the place where its answer waits for the connection's strand.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "net/connection.h"
#include "net/disconnect_slot.h"
#include "net/http1/http1_head.h"
#include "net/http_exchange.h"
#include "net/unread_meter.h"

namespace neso::net {

class Http1Exchange final : public HttpExchange, public TopWork {
 public:
  Http1Exchange(std::shared_ptr<Connection> connection, SharedHttp1Head head);
  ~Http1Exchange() override;
  Http1Exchange(const Http1Exchange&) = delete;
  Http1Exchange& operator=(const Http1Exchange&) = delete;

  // --- The session's side, in the strand. ---
  void SetBody(BufferRef body, size_t chunks);
  void SetReceiveTimes(uint64_t start_ns, uint64_t end_ns);
  void KeepTicket(std::shared_ptr<void> ticket) { ticket_ = std::move(ticket); }
  // What RunAtTop does.
  enum What { kRequest, kDisconnect };
  void RunAtTop(std::shared_ptr<TopWork> self, int what) override;

  // The answer can be taken: once, after the handler gave it.
  bool TakeAnswer(HttpResponse* response, bool* streamed);
  struct Chunks {
    std::vector<std::string> chunks;
    bool finished = false;
  };
  Chunks TakeChunks();
  // So much of the answer, as it goes over the wire, waits for the socket.
  void SetUnsent(size_t bytes);
  // Everything the handler had to say was said; the client's going is no news then.
  bool IsAnswered() const { return answered_.load(std::memory_order_acquire); }
  bool close_requested() const { return close_.load(std::memory_order_relaxed); }
  // The connection is lost: streams stop.
  void SetGone();

  // --- The handler's side, any thread. ---
  const HttpHead& head() const override { return head_->head; }
  const BufferRef& body() const override { return body_; }
  size_t body_chunks() const override { return body_chunks_; }
  uint64_t receive_start_ns() const override { return receive_start_ns_; }
  uint64_t receive_end_ns() const override { return receive_end_ns_; }
  const std::shared_ptr<void>& ticket() const override { return ticket_; }
  void Respond(HttpResponse response) override;
  void StartStream(HttpResponse head) override;
  bool Write(std::string chunk) override;
  void Finish() override;
  void CloseAfterResponse() override { close_.store(true, std::memory_order_relaxed); }
  void SetDisconnectCallback(std::function<void()> callback) override { disconnect_.Set(std::move(callback)); }

 private:
  void DropAnswerIfGone();

  const std::shared_ptr<Connection> connection_;
  const SharedHttp1Head head_;
  std::shared_ptr<void> ticket_;
  BufferRef body_;
  size_t body_chunks_ = 0;
  uint64_t receive_start_ns_ = 0;
  uint64_t receive_end_ns_ = 0;

  std::atomic<bool> claimed_{false};    // Respond or StartStream was called
  std::atomic<bool> published_{false};  // response_ is there
  std::atomic<bool> taken_{false};      // response_ has an owner: the session, or whoever drops it
  std::atomic<bool> answered_{false};
  std::atomic<bool> close_{false};
  std::atomic<bool> gone_{false};
  UnreadMeter unread_;
  size_t in_output_ = 0;  // of what is metered, what was taken from here; the strand's
  bool streamed_ = false;
  HttpResponse response_;

  Mutex mutex_;
  std::vector<std::string> chunks_ GUARDED_BY(mutex_);
  size_t chunk_bytes_ GUARDED_BY(mutex_) = 0;
  bool over_ GUARDED_BY(mutex_) = false;  // nobody takes chunks any more
  bool finished_ GUARDED_BY(mutex_) = false;

  DisconnectSlot disconnect_;
};

}  // namespace neso::net
