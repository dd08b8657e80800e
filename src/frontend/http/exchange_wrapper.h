// An exchange that stands for another one: what derives from it changes how a request is answered, and the handlers
// behind it need not know.
#pragma once

#include <memory>
#include <utility>

#include "net/http_exchange.h"

namespace neso {

class ExchangeWrapper : public net::HttpExchange {
 public:
  explicit ExchangeWrapper(net::HttpExchangeRef inner) : inner_(std::move(inner)) {}

  const net::HttpHead& head() const final { return inner_->head(); }
  const BufferRef& body() const final { return inner_->body(); }
  size_t body_chunks() const final { return inner_->body_chunks(); }
  uint64_t receive_start_ns() const final { return inner_->receive_start_ns(); }
  uint64_t receive_end_ns() const final { return inner_->receive_end_ns(); }
  const std::shared_ptr<void>& ticket() const final { return inner_->ticket(); }
  void Respond(net::HttpResponse response) final {
    OnAnswer(response);
    OnEnd();
    inner_->Respond(std::move(response));
  }
  void StartStream(net::HttpResponse head) final {
    OnAnswer(head);
    inner_->StartStream(std::move(head));
  }
  bool Write(std::string chunk) final { return inner_->Write(std::move(chunk)); }
  void Finish() final {
    OnEnd();
    inner_->Finish();
  }
  void CloseAfterResponse() final { inner_->CloseAfterResponse(); }
  void SetDisconnectCallback(std::function<void()> callback) final {
    inner_->SetDisconnectCallback(std::move(callback));
  }

 private:
  // Before `answer` leaves; of a streamed one it is the head.
  virtual void OnAnswer(net::HttpResponse& answer) = 0;
  // Before the last of it leaves.
  virtual void OnEnd() {}

  const net::HttpExchangeRef inner_;
};

}  // namespace neso
