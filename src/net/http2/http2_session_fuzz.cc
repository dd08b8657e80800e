// Feeds a server what a client of HTTP/2 might send: frames made from the input, most of them well formed, in any
// order, to the port for HTTP or to that for gRPC. Whatever comes, the connection has to end when its client has
// finished, and no request may be left behind.
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/executor.h"
#include "net/grpc_server.h"
#include "net/http_server.h"
#include "net/reactor/reactor_pool.h"

namespace {

using namespace neso::net;

constexpr int kPatienceMs = 20'000;
constexpr int kQuietMs = 1;

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "http2_session_fuzz: %s\n", what);
  std::abort();
}

// Echoes a body; "/stream" in pieces.
class Http final : public HttpHandler {
 public:
  BodyPolicy OnHead(const HttpHead& head) override {
    return {.max_bytes = 1 << 16, .aligned_offset = head.path.size()};
  }
  void OnRequest(HttpExchangeRef exchange) override {
    std::string body = exchange->body() ? std::string(exchange->body()->data(), exchange->body()->size()) : "none";
    if (exchange->head().path != "/stream") {
      HttpResponse response;
      response.headers.emplace_back("x-seen", "1");
      response.body = std::move(body);
      return exchange->Respond(std::move(response));
    }
    exchange->StartStream({});
    exchange->Write(body);
    exchange->Write("end");
    exchange->Finish();
  }
};

// Echoes each message; "/unknown" is no method, "/now" ends before it has read, "/fail" with an error.
class Grpc final : public GrpcHandler {
 public:
  GrpcReceiverRef OnCall(GrpcCallRef call) override {
    if (call->head().path == "/unknown") return nullptr;
    if (call->head().path == "/now") call->Finish({GrpcCode::kUnavailable, "now"});
    return std::make_shared<Receiver>(std::move(call));
  }

 private:
  class Receiver final : public GrpcReceiver {
   public:
    explicit Receiver(GrpcCallRef call) : call_(std::move(call)) {}
    void OnMessage(neso::BufferRef message) override {
      call_->Send({.head = neso::BlockString(message->data(), message->size()), .parts = {}, .release = nullptr});
    }
    void OnEnd() override {
      call_->Finish({call_->head().path == "/fail" ? GrpcCode::kAborted : GrpcCode::kOk, "100% \xc3\xa4"});
    }
    void OnCancel() override {}

   private:
    const GrpcCallRef call_;
  };
};

// Both servers, for the whole run. Limits are low, so that they are met.
struct Servers {
  std::string path = "/tmp/neso_http2_session_fuzz_" + std::to_string(getpid());
  Http http;
  Grpc grpc;
  neso::Executor executor{"fuzz", 1};
  ReactorPool reactors{executor, {.groups = 1}};
  ServiceLimits limits{.max_streams = 20,
                       .max_head_bytes = 4096,
                       .max_open_head_bytes = 16'384,
                       .max_unfinished_bytes = 1 << 16,
                       .max_unread_bytes = 1 << 16,
                       .max_message_bytes = 1 << 15};
  std::unique_ptr<HttpServer> http_server;
  std::unique_ptr<GrpcServer> grpc_server;

  Servers() {
    auto started = HttpServer::Start(reactors, http, {.address = "unix:" + path + ".http", .limits = limits});
    auto started_grpc = GrpcServer::Start(reactors, grpc, {.address = "unix:" + path + ".grpc", .limits = limits});
    Require(started.ok() && started_grpc.ok(), "cannot listen");
    http_server = *std::move(started);
    grpc_server = *std::move(started_grpc);
  }
};

// What is left of the input, taken piece by piece; zeroes when it is used up.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : bytes_(reinterpret_cast<const char*>(data), size) {}
  bool empty() const { return bytes_.empty(); }
  uint8_t Byte() {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte;
  }
  uint32_t Number() { return uint32_t{Byte()} << 24 | uint32_t{Byte()} << 16 | uint32_t{Byte()} << 8 | Byte(); }
  std::string_view Text() {
    const std::string_view text = bytes_.substr(0, Byte());
    bytes_.remove_prefix(std::min(text.size(), bytes_.size()));
    return text;
  }

 private:
  std::string_view bytes_;
};

std::string Big(uint32_t number) {
  return {static_cast<char>(number >> 24), static_cast<char>(number >> 16), static_cast<char>(number >> 8),
          static_cast<char>(number)};
}

std::string Frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  std::string frame = Big(static_cast<uint32_t>(payload.size())).substr(1);
  frame += {static_cast<char>(type), static_cast<char>(flags)};
  return frame.append(Big(stream)).append(payload);
}

// A field as HPACK's literal without a place in the table (RFC 7541, 6.2.2).
void AddField(std::string& block, std::string_view name, std::string_view value) {
  block += '\0';
  for (const std::string_view text : {name.substr(0, 126), value.substr(0, 126)}) {
    block += static_cast<char>(text.size());
    block += text;
  }
}

std::string Head(Input& input, bool is_grpc) {
  static constexpr std::array<std::string_view, 8> kPaths = {"/echo",    "/stream", "/now", "/fail",
                                                             "/unknown", "/?a=b",   "",     "*"};
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kFields = {{
      {"content-length", "3"},
      {"content-length", "70000"},
      {"expect", "100-continue"},
      {"grpc-timeout", "1n"},
      {"grpc-timeout", "99999999H"},
      {"grpc-encoding", "gzip"},
      {"grpc-encoding", "snappy"},
      {"grpc-accept-encoding", "identity,deflate,gzip"},
      {"te", "trailers"},
      {"connection", "close"},
      {"X-Upper", "case"},
      {":path", "/twice"},
      {"x", " blanks "},
      {"content-type", "application/grpc+proto"},
  }};
  const uint8_t what = input.Byte();
  std::string block;
  AddField(block, ":method", is_grpc || (what & 8) ? "POST" : (what & 16) ? "HEAD" : (what & 32) ? "CONNECT" : "GET");
  AddField(block, ":scheme", "http");
  AddField(block, ":path", kPaths[what % kPaths.size()]);
  if ((what & 128) == 0) AddField(block, ":authority", "fuzz");
  if (is_grpc && (what & 64) == 0) AddField(block, "content-type", "application/grpc");
  for (int more = input.Byte() % 4; more > 0; more--) {
    const uint8_t which = input.Byte();
    if (which < kFields.size()) {
      AddField(block, kFields[which].first, kFields[which].second);
    } else if (which < 128) {
      const std::string_view name = input.Text();
      AddField(block, name, input.Text());
    } else {
      block += input.Text();  // whatever HPACK makes of it
    }
  }
  return block;
}

std::string NextFrame(Input& input, bool is_grpc) {
  const uint8_t kind = input.Byte();
  const uint32_t stream = kind & 0x80 ? input.Byte() : 2 * (input.Byte() % 16) + 1;
  switch (kind % 12) {
    case 0: return Frame(1, 4 | (kind >> 4 & 1), stream, Head(input, is_grpc));
    case 1: return Frame(1, input.Byte(), stream, Head(input, is_grpc));
    case 2: {
      const std::string_view message = input.Text();
      return Frame(0, kind >> 4 & 1, stream,
                   std::string(1, '\0') + Big(static_cast<uint32_t>(message.size())) + std::string(message));
    }
    case 3: return Frame(0, input.Byte(), stream, input.Text());
    case 4: return Frame(0, kind >> 4 & 1, stream, std::string(64 * input.Byte(), 'b'));
    case 5:
      return Frame(4, kind >> 4 & 1, 0, std::string({'\0', static_cast<char>(input.Byte())}) + Big(input.Number()));
    case 6: return Frame(8, 0, kind & 16 ? 0 : stream, Big(input.Number()));
    case 7: return Frame(3, 0, stream, Big(input.Byte()));
    case 8: return Frame(6, kind >> 4 & 1, 0, "12345678");
    case 9: return Frame(2, 0, stream, Big(input.Byte()) + 'w');
    case 10: return Frame(input.Byte(), input.Byte(), stream, input.Text());
    default: return std::string(input.Text());  // bytes in the place of a frame
  }
}

class Client {
 public:
  explicit Client(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::memcpy(where.sun_path, path.data(), path.size());
    Require(connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0, "cannot connect");
  }
  ~Client() { close(fd_); }

  // False when the server has closed.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno == EAGAIN) {
        if (!Read(0)) return false;
        pollfd wait{fd_, POLLIN | POLLOUT, 0};
        Require(poll(&wait, 1, kPatienceMs) > 0, "the server does not read on");
        continue;
      }
      if (n < 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  // Until the server has taken all that was sent. What it does then it may still be doing.
  void Settle() const {
    for (int unread = 1, waits = 0;; waits++) {
      if (ioctl(fd_, SIOCOUTQ, &unread) != 0 || unread == 0) return;
      Require(waits < kPatienceMs, "the server does not read on");
      usleep(waits < 100 ? 20 : 1000);
    }
  }
  // What comes until nothing has come for so long. False at the end of the connection.
  bool Read(int wait_ms) {
    for (;;) {
      pollfd wait{fd_, POLLIN, 0};
      if (poll(&wait, 1, wait_ms) <= 0) return true;
      if (recv(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT) <= 0) return false;
    }
  }
  void Finish() {
    shutdown(fd_, SHUT_WR);
    pollfd wait{fd_, POLLIN, 0};
    do {
      Require(poll(&wait, 1, kPatienceMs) > 0, "the connection does not end with its client");
    } while (recv(fd_, buffer_.data(), buffer_.size(), 0) > 0);
  }

 private:
  const int fd_;
  std::array<char, 65536> buffer_;
};

void RequireNothingLeft(const ServerLoad& load) {
  for (int i = 0; i < kPatienceMs && (load.requests != 0 || load.connections != 0); i++) usleep(i < 100 ? 50 : 1000);
  Require(load.requests == 0 && load.connections == 0, "something of the connection is left");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Servers& servers = *new Servers;
  Input input(data, size);
  const uint8_t start = input.Byte();
  const bool is_grpc = start & 1;
  Client client(servers.path + (is_grpc ? ".grpc" : ".http"));
  // With one frame a write, or all in one.
  const bool in_pieces = start & 2;
  std::string all = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  if ((start & 4) == 0) all += Frame(4, 0, 0, {});
  while (!input.empty()) {
    all += NextFrame(input, is_grpc);
    if (!in_pieces) continue;
    if (!client.Send(std::exchange(all, {}))) break;
    client.Settle();
    if (!client.Read(0)) break;
  }
  client.Send(all);
  client.Settle();
  client.Read(kQuietMs);  // a client that has finished sending is gone for the server, and gets no answers any more
  client.Finish();
  RequireNothingLeft(is_grpc ? *servers.grpc_server->Load() : *servers.http_server->Load());
  return 0;
}
