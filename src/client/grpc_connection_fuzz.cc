// Any bytes as a server's, in any cuts: the calls hear the same as when they come at once.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "client/grpc_connection.h"
#include "net/http2/grpc_text.h"

namespace {

using neso::net::IoResult;

// Gives the bytes in pieces of `step` at most, and takes whatever is written.
class Replay final : public neso::net::Transport {
 public:
  Replay(std::string_view bytes, size_t step) : bytes_(bytes), step_(step) {}
  IoResult Read(std::span<iovec> pieces) override {
    const size_t size = std::min({bytes_.size(), step_, pieces[0].iov_len});
    if (size == 0) return {IoResult::State::kEnd, 0, true};
    bytes_.copy(static_cast<char*>(pieces[0].iov_base), size);
    bytes_.remove_prefix(size);
    return {IoResult::State::kOk, size, false};
  }
  IoResult Write(std::span<iovec> pieces) override {
    size_t size = 0;
    for (const iovec& piece : pieces) size += piece.iov_len;
    return {IoResult::State::kOk, size, false};
  }
  void FinishWriting() override {}
  void Abort() override {}

 private:
  std::string_view bytes_;
  const size_t step_;
};

class Journal final : public neso::client::GrpcCall::Listener {
 public:
  std::string heard;

 private:
  void OnMessage(neso::client::GrpcCall&, std::string_view message) override { heard.append(message) += '\n'; }
  void OnEnd(neso::client::GrpcCall&, const neso::net::GrpcStatus& status) override {
    heard += fmt::format("{}: {}\n", neso::net::GrpcCodeName(status.code), status.message);
    (void)neso::client::StatusOf(status);
  }
};

std::string Hear(std::string_view bytes, size_t step) {
  static const neso::client::GrpcMethod kMethod({.host = "h", .port = 1, .uses_tls = false, .path = {}}, "/m");
  Journal journals[2];
  neso::client::GrpcCall unary(journals[0]), stream(journals[1]);
  neso::client::GrpcConnection connection(std::make_unique<Replay>(bytes, step));
  unary.Begin(connection, kMethod);
  unary.SendAndFinish({.head = std::string_view("\0\0\0\0\1a", 6)});
  stream.Begin(connection, kMethod);
  stream.Send({.head = std::string_view("\0\0\0\0\1b", 6)});
  connection.OnEvents(true);
  if (unary.is_under_way() || stream.is_under_way() || connection.is_open()) std::abort();
  return journals[0].heard + '|' + journals[1].heard;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = Hear(bytes, SIZE_MAX);
  if (Hear(bytes, 3) != whole) std::abort();
  return 0;
}
