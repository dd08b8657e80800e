#include "client/dial.h"

#include <poll.h>

#include <utility>

namespace neso::client {
namespace {

// TLS with the socket that it is over.
class SecureTransport final : public net::Transport {
 public:
  SecureTransport(int fd, net::ServerLoad& load) : socket_(fd, load) {}

  Status Shake(const net::TlsClientContext& context, const Endpoint& endpoint, Wire wire, TimePoint deadline) {
    tls_ = context.Connect(socket_, endpoint.tls_name.empty() ? endpoint.host : endpoint.tls_name, wire);
    while (true) {
      switch (tls_->Shake()) {
        case net::TlsTransport::Handshake::kDone: return {};
        case net::TlsTransport::Handshake::kFailed:
          return Unavailable("cannot connect to {}: TLS: {}", endpoint.Place(), tls_->failure());
        case net::TlsTransport::Handshake::kWaiting: break;
      }
      // What it has to say fits into an empty socket's buffer: it waits for the server.
      if (!WaitForSocket(socket_.fd(), POLLIN, deadline))
        return Unavailable("cannot connect to {}: TLS: no answer in time", endpoint.Place());
    }
  }

  net::IoResult Read(std::span<iovec> pieces) override { return tls_->Read(pieces); }
  net::IoResult Write(std::span<iovec> pieces) override { return tls_->Write(pieces); }
  void FinishWriting() override { tls_->FinishWriting(); }
  void Abort() override { tls_->Abort(); }

 private:
  net::SocketTransport socket_;
  std::unique_ptr<net::TlsTransport> tls_;
};

}  // namespace

Expected<std::shared_ptr<const net::TlsClientContext>> MakeTls(const net::TlsClientSettings& settings) {
  ASSIGN_OR_RETURN(const net::MakeTlsClientContext make, net::OpenTlsClientLibrary());
  ASSIGN_OR_RETURN(std::shared_ptr<const net::TlsClientContext> context, make(settings));
  return context;
}

Expected<Dialled> Dial(const Endpoint& endpoint, Wire wire, TimePoint deadline, net::ServerLoad& load) {
  std::shared_ptr<const net::TlsClientContext> context = endpoint.tls;
  if (endpoint.uses_tls && context == nullptr) {
    ASSIGN_OR_RETURN(context, MakeTls({}));
  }
  ASSIGN_OR_RETURN(OwnedDescriptor socket, ConnectSocket(endpoint, deadline));
  const int fd = socket.Release();
  if (!endpoint.uses_tls) return Dialled{std::make_unique<net::SocketTransport>(fd, load), fd};
  auto transport = std::make_unique<SecureTransport>(fd, load);
  RETURN_IF_ERROR(transport->Shake(*context, endpoint, wire, deadline));
  return Dialled{std::move(transport), fd};
}

}  // namespace neso::client
