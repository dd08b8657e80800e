// The first words on a TLS connection, before its protocol: shakes hands, then lets the port's session take over.
//
// It has head_timeout from accept to end. Confined to the connection's strand.
#pragma once

#include <cstdint>

#include "net/connection.h"
#include "net/tls.h"

namespace neso::net {

class TlsHandshake final : public Session {
 public:
  TlsHandshake(Connection& connection, TlsTransport& tls) : connection_(connection), tls_(tls) {}
  void OnBits(uint32_t bits, StrandTurn& turn) override;

 private:
  // kShaking -> kLinger -> kClosed; any -> kClosed. After a good end the connection has another session.
  enum class Phase {
    kShaking,
    kLinger,  // it failed: what the client still sends is dropped, so that no reset overtakes the alert
    kClosed,
  };

  void Shake(StrandTurn& turn);
  void DropInput(StrandTurn& turn);
  void Close(StrandTurn& turn);

  Connection& connection_;
  TlsTransport& tls_;
  Phase phase_ = Phase::kShaking;
  bool has_deadline_ = false;
  bool eventful_ = false;  // the socket has changed since it was last tried
  bool peer_ended_ = false;
};

}  // namespace neso::net
