#include "net/protocols.h"

#include <utility>

#include "net/http1/http1_session.h"
#include "net/http2/http2_session.h"
#include "net/tls_handshake.h"

namespace neso::net {
namespace {

class Protocols final : public SessionFactory {
 public:
  std::unique_ptr<Session> MakeHandshake(Connection& connection, TlsTransport& tls) const override {
    return std::make_unique<TlsHandshake>(connection, tls);
  }
  std::unique_ptr<Session> MakeProtocol(Connection& connection) const override {
    if (connection.context().grpc == nullptr) return std::make_unique<Http1Session>(connection);
    return std::make_unique<Http2Session>(connection);
  }
  std::unique_ptr<Session> MakeHttp2(Connection& connection, std::string received) const override {
    auto session = std::make_unique<Http2Session>(connection);
    session->TakeOver(std::move(received));
    return session;
  }
};

}  // namespace

const SessionFactory& AllProtocols() {
  static const Protocols protocols;
  return protocols;
}

}  // namespace neso::net
