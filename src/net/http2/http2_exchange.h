// A request over HTTP/2 and the place where its answer waits for the connection's strand.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "net/body_buffer.h"
#include "net/disconnect_slot.h"
#include "net/http2/http2_head.h"
#include "net/http2/http2_stream.h"
#include "net/http_exchange.h"
#include "net/transfer_pace.h"

namespace neso::net {

class Http2Exchange final : public Http2Stream, public HttpExchange {
 public:
  Http2Exchange(Http2Session& session, int32_t id, SharedHttpHead head, bool head_too_large);

  // --- The session's side, in the strand. ---
  void OnStart() override;
  void OnData(std::string_view bytes) override;
  void OnRequestEnd() override;
  ReadRoom Direct() override;
  void OnAnswer() override;
  bool SubmitTrailers() override { return false; }
  void OnDeadline() override;
  void OnClose() override;
  void RunAtTop(std::shared_ptr<TopWork> self, int what) override;

  // --- The handler's side, any thread. ---
  const HttpHead& head() const override { return head_->head; }
  const BufferRef& body() const override { return body_; }
  size_t body_chunks() const override { return 0; }
  uint64_t receive_start_ns() const override { return receive_start_ns_; }
  uint64_t receive_end_ns() const override { return receive_end_ns_; }
  const std::shared_ptr<void>& ticket() const override { return ticket_; }
  void Respond(HttpResponse response) override;
  void StartStream(HttpResponse head) override;
  bool Write(std::string chunk) override;
  void Finish() override;
  void CloseAfterResponse() override {}  // the connection has other streams
  void SetDisconnectCallback(std::function<void()> callback) override { disconnect_.Set(std::move(callback)); }

 private:
  enum What { kRequest, kDisconnect };

  // Answers without the handler's OnRequest; what still comes is dropped.
  void Refuse(HttpResponse response);
  void Refuse(int status, const char* message);
  void ShortenHead(HttpResponse& response);
  void SubmitHead(const HttpResponse& response, std::optional<size_t> length, bool has_body);

  const SharedHttpHead head_;
  const bool head_too_large_;
  bool refused_ = false;  // what still comes of the request is dropped
  bool dispatched_ = false;
  bool head_sent_ = false;
  uint64_t receive_start_ns_ = 0;
  uint64_t receive_end_ns_ = 0;

  std::shared_ptr<void> ticket_;
  TransferPace pace_;  // of the body
  size_t max_body_bytes_ = 0;
  BodyBuffer incoming_;
  BufferRef body_;  // once it is complete

  std::atomic<bool> claimed_{false};   // Respond or StartStream was called
  std::atomic<bool> answered_{false};  // the handler has said everything
  std::atomic<bool> gone_{false};
  Mutex mutex_;
  bool over_ GUARDED_BY(mutex_) = false;  // the stream is closed: nothing may be put here any more
  std::optional<HttpResponse> response_ GUARDED_BY(mutex_);
  bool streamed_ GUARDED_BY(mutex_) = false;
  std::vector<std::string> chunks_ GUARDED_BY(mutex_);
  bool finished_ GUARDED_BY(mutex_) = false;
  DisconnectSlot disconnect_;
};

}  // namespace neso::net
