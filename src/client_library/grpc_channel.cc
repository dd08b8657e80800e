#include "client_library/grpc_channel.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "client/grpc_words.h"
#include "net/http2/grpc_prefix.h"

namespace neso::client_library {

using client::GrpcConnection;

namespace {

constexpr int kOk = 200, kServiceUnavailable = 503;

}  // namespace

// An attempt that is under way: its call, and the answer so far.
class GrpcChannel::Exchange final : private client::GrpcCall::Listener {
 public:
  Exchange(GrpcChannel& channel, Attempt& attempt)
      : channel_(channel), attempt_(attempt), connection_(channel.connection_) {}

  void Begin() {
    struct Sent {
      std::shared_ptr<const Question> question;
      net::GrpcPrefix prefix;
    };
    const GrpcQuestion& question = attempt_.question->grpc;
    const Nanoseconds left = attempt_.deadline - std::chrono::steady_clock::now();
    const client::GrpcMethod method(channel_.endpoint_, client::ServicePath(question.method), question.metadata, left);
    const auto sent = std::make_shared<Sent>(Sent{attempt_.question, {false, question.message.size()}});
    call_.Begin(*connection_, method);
    call_.SendAndFinish({.head = sent->prefix.view(), .body = question.message, .keep = sent});
  }

 private:
  void OnMessage(client::GrpcCall&, std::string_view message) override {
    message_ = message;
    messages_++;
  }

  void OnEnd(client::GrpcCall&, const net::GrpcStatus& status) override { channel_.OnEnd(attempt_, ReadEnd(status)); }

  // Somebody on the way has no answer of the server's, and the call may have been run: 502 and 504, say.
  bool IsInDoubt(const net::GrpcStatus& status) const {
    const int http = call_.http_status();
    return status.code == net::GrpcCode::kUnavailable && http != 0 && http != kOk && http != kServiceUnavailable;
  }

  Expected<Answer> ReadEnd(const net::GrpcStatus& status) {
    if (connection_->is_lost() || IsInDoubt(status))
      return Unavailable("{}: {}", channel_.endpoint_.Place(), status.message);
    if (status.code == net::GrpcCode::kOk && messages_ != 1) {
      return Answer(GrpcAnswer{
          {net::GrpcCode::kInternal, fmt::format("expected one message as the server's answer, got {}", messages_)}});
    }
    return Answer(GrpcAnswer{status, std::move(message_)});
  }

  GrpcChannel& channel_;
  Attempt& attempt_;
  const std::shared_ptr<GrpcConnection> connection_;
  client::GrpcCall call_{*this};
  std::string message_;
  size_t messages_ = 0;
};

GrpcChannel::GrpcChannel(Worker& worker, const client::Endpoint& endpoint, Nanoseconds connect_timeout)
    : worker_(worker),
      endpoint_(endpoint),
      connect_timeout_(connect_timeout),
      connector_(worker, endpoint, client::Wire::kHttp2, connect_timeout,
                 [this](Expected<client::Dialled> dialled) { OnConnected(std::move(dialled)); }) {}

GrpcChannel::~GrpcChannel() = default;

void GrpcChannel::Start(Attempt& attempt) {
  if (is_connected()) return Send(attempt);
  connection_.reset();
  waiting_.push_back(&attempt);
  if (!std::exchange(is_connecting_, true)) connector_.Connect();
}

void GrpcChannel::OnConnected(Expected<client::Dialled> dialled) {
  is_connecting_ = false;
  const std::vector<Attempt*> waiting = std::exchange(waiting_, {});
  if (!dialled.ok()) {
    for (Attempt* const attempt : waiting) attempt->done(dialled.error());
    return;
  }
  connection_ = GrpcConnection::Adopt(worker_.loop(), *std::move(dialled));
  heard_at_ = {};
  for (Attempt* const attempt : waiting) Send(*attempt);
}

void GrpcChannel::Send(Attempt& attempt) {
  attempt.was_sent = true;
  if (heard_at_ == TimePoint() || heard_ != connection_->heard()) {
    heard_ = connection_->heard();
    heard_at_ = std::chrono::steady_clock::now();
  }
  const auto [place, is_new] = exchanges_.emplace(&attempt, std::make_unique<Exchange>(*this, attempt));
  place->second->Begin();
}

void GrpcChannel::OnEnd(Attempt& attempt, Expected<Answer> answer) {
  worker_.DestroyLater(Remove(attempt));
  attempt.done(std::move(answer));
}

// The kernel takes a quarter of an hour to find out that a machine is gone. A new connection shows it, or helps, where
// the old one was forgotten on the way; attempts that are under way keep theirs.
void GrpcChannel::NoteLate() {
  if (connection_ != nullptr && connection_->heard() == heard_ &&
      std::chrono::steady_clock::now() - heard_at_ >= connect_timeout_)
    connection_.reset();
}

void GrpcChannel::Abandon(Attempt& attempt) {
  std::erase(waiting_, &attempt);
  Remove(attempt);
}

std::unique_ptr<GrpcChannel::Exchange> GrpcChannel::Remove(Attempt& attempt) {
  const auto found = exchanges_.find(&attempt);
  if (found == exchanges_.end()) return nullptr;
  std::unique_ptr<Exchange> exchange = std::move(found->second);
  exchanges_.erase(found);
  return exchange;
}

}  // namespace neso::client_library
