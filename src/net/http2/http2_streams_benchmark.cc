// Unary gRPC calls on one connection, 64 at a time, on a Unix-domain socket against an echo: time and allocations a
// call, those of nghttp2 included, both ends in one process (the client's side allocates nothing).
//
//   http2_streams_benchmark --benchmark_filter=.
#include <benchmark/benchmark.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/inline_host.h"
#include "net/grpc_server.h"
#include "net/reactor/reactor_pool.h"

// In the place of the C library's, so that nothing is missed.
extern "C" {
void* __libc_malloc(size_t);          // NOLINT(bugprone-reserved-identifier)
void* __libc_calloc(size_t, size_t);  // NOLINT(bugprone-reserved-identifier)
void* __libc_realloc(void*, size_t);  // NOLINT(bugprone-reserved-identifier)
}

namespace {
std::atomic<uint64_t> allocations{0};
void Count() { allocations.fetch_add(1, std::memory_order_relaxed); }
}  // namespace

extern "C" void* malloc(size_t size) {
  Count();
  return __libc_malloc(size);
}
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the header's have underscores
extern "C" void* calloc(size_t count, size_t size) {
  Count();
  return __libc_calloc(count, size);
}
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
extern "C" void* realloc(void* memory, size_t size) {
  Count();
  return __libc_realloc(memory, size);
}

namespace neso::net {
namespace {

// Answers all calls that came together in one piece of work, as an instance does.
class EchoHandler final : public GrpcHandler, public Runnable {
 public:
  GrpcReceiverRef OnCall(GrpcCallRef call) override { return std::make_shared<Receiver>(*this, std::move(call)); }
  void Run() override {
    for (auto& [call, message] : waiting_) {
      auto kept = std::make_shared<BufferRef>(std::move(message));
      const BodyPart part{(*kept)->data(), (*kept)->size()};
      call->SendAndFinish({.head = {}, .parts = {part}, .release = std::move(kept)});
    }
    waiting_.clear();
  }
  Nanoseconds ExpectedDuration() const override { return std::chrono::microseconds(1); }

 private:
  class Receiver final : public GrpcReceiver {
   public:
    Receiver(EchoHandler& handler, GrpcCallRef call) : handler_(handler), call_(std::move(call)) {}
    void OnMessage(BufferRef message) override { message_ = std::move(message); }
    void OnEnd() override {
      handler_.waiting_.emplace_back(call_, std::move(message_));
      if (handler_.waiting_.size() == 1) InlineHost::Current()->Defer(&handler_);
    }
    void OnCancel() override {}

   private:
    EchoHandler& handler_;
    const GrpcCallRef call_;
    BufferRef message_;
  };

  std::vector<std::pair<GrpcCallRef, BufferRef>> waiting_;  // one reactor thread
};

std::string Number(size_t number) {
  const auto byte = [number](int shift) { return static_cast<char>(number >> shift & 0xff); };
  return {byte(24), byte(16), byte(8), byte(0)};
}

void AppendFrame(std::string& out, char type, char flags, uint32_t stream, std::string_view payload) {
  const auto byte = [](size_t value, int shift) { return static_cast<char>(value >> shift & 0xff); };
  out += {byte(payload.size(), 16), byte(payload.size(), 8), byte(payload.size(), 0), type,           flags,
          byte(stream, 24),         byte(stream, 16),        byte(stream, 8),         byte(stream, 0)};
  out += payload;
}

// Literal fields that no table remembers.
std::string HeadBlock() {
  std::string block;
  for (const auto& [name, value] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {":method", "POST"},
           {":scheme", "http"},
           {":path", "/inference.GRPCInferenceService/ModelInfer"},
           {":authority", "localhost"},
           {"content-type", "application/grpc"},
           {"te", "trailers"}}) {
    block += '\0';
    for (const std::string_view text : {name, value}) {
      block += static_cast<char>(text.size());
      block += text;
    }
  }
  return block;
}

class Client {
 public:
  explicit Client(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::memcpy(where.sun_path, path.data(), path.size());
    if (connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0) std::abort();
    std::string greeting = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    AppendFrame(greeting, 4, 0, 0, {"\0\4\x7f\xff\xff\xff", 6});
    AppendFrame(greeting, 8, 0, 0, {"\x40\0\0\0", 4});
    Send(greeting);
  }
  ~Client() { close(fd_); }

  // Sends that many calls with one write, and reads until all have ended. False when the connection is lost.
  bool Round(size_t calls, std::string_view message) {
    out_.clear();
    for (size_t i = 0; i < calls; i++, next_stream_ += 2) {
      AppendFrame(out_, 1, 4, next_stream_, head_);
      AppendFrame(out_, 0, 1, next_stream_, message);
    }
    AppendFrame(out_, 8, 0, 0, Number(calls * message.size()));  // what the answers take of the window
    return Send(out_) && ReadEnds(calls);
  }

 private:
  bool Send(std::string_view bytes) {
    return send(fd_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
  }
  bool ReadEnds(size_t wanted) {
    while (wanted > 0) {
      const ssize_t n = recv(fd_, in_.data(), in_.size(), 0);
      if (n <= 0) return false;
      for (ssize_t at = 0; at < n;) {
        const size_t skipped = std::min(left_, static_cast<size_t>(n - at));
        left_ -= skipped;
        at += static_cast<ssize_t>(skipped);
        if (at == n) break;
        header_[header_bytes_++] = static_cast<unsigned char>(in_[static_cast<size_t>(at++)]);
        if (header_bytes_ < 9) continue;
        header_bytes_ = 0;
        left_ = size_t{header_[0]} << 16 | size_t{header_[1]} << 8 | header_[2];
        const bool is_answer = header_[3] <= 1;
        if (is_answer && (header_[4] & 1) != 0) --wanted;
      }
    }
    return true;
  }

  const int fd_;
  const std::string head_ = HeadBlock();
  uint32_t next_stream_ = 1;
  std::string out_;
  std::vector<char> in_ = std::vector<char>(1 << 20);
  unsigned char header_[9] = {};
  size_t header_bytes_ = 0;
  size_t left_ = 0;
};

void BM_UnaryCalls(benchmark::State& state) {
  const std::string path = "/tmp/neso_http2_streams_benchmark_" + std::to_string(getpid());
  Executor executor("bench", 2);
  EchoHandler handler;
  ReactorPool reactors(executor, {.groups = 1, .late_after = std::chrono::seconds(10)});
  const auto server = GrpcServer::Start(reactors, handler, {.address = "unix:" + path});
  if (!server) return state.SkipWithError("cannot listen");
  Client client(path);
  const auto calls = static_cast<size_t>(state.range(0));
  const std::string message = std::string("\0\0\0\0", 4) + '\x80' + std::string(128, 'm');
  for (int i = 0; i < 3; i++) client.Round(calls, message);  // what is kept for the next calls is made
  const uint64_t before = allocations.load();
  for (auto _ : state) {
    if (!client.Round(calls, message)) return state.SkipWithError("connection lost");
  }
  const auto all = static_cast<double>(state.iterations()) * static_cast<double>(calls);
  state.counters["allocations"] = static_cast<double>(allocations.load() - before) / all;
  state.SetItemsProcessed(static_cast<int64_t>(all));
}
BENCHMARK(BM_UnaryCalls)->Arg(1)->Arg(64)->UseRealTime();

}  // namespace
}  // namespace neso::net
