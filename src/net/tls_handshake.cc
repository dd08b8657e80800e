#include "net/tls_handshake.h"

#include <array>
#include <utility>

#include "base/log.h"

namespace neso::net {
namespace {
constexpr std::chrono::milliseconds kLingerTime{2000};
constexpr int kReadsPerTurn = 64;
}  // namespace

void TlsHandshake::OnBits(uint32_t bits, StrandTurn& turn) {
  if (phase_ == Phase::kClosed) return;
  const TimePoint now = std::chrono::steady_clock::now();
  if (bits & (kAbort | kDead)) return Close(turn);
  if ((bits & kDeadline) && connection_.IsOverdue(now)) return Close(turn);
  if (connection_.context().draining.load(std::memory_order_relaxed)) return Close(turn);
  if ((bits & kSpare) && !connection_.is_brief()) return Close(turn);
  if (!std::exchange(has_deadline_, true))
    connection_.SetDeadline(now + connection_.Patience(connection_.context().options.limits.head_timeout));
  if (bits & kPeerEnded) peer_ended_ = true;
  if (bits & (kReadable | kWritable | kPeerEnded)) eventful_ = true;
  if (!eventful_) return;
  if (turn.top == nullptr) {
    turn.needs_top = true;
    return;
  }
  eventful_ = false;
  if (phase_ == Phase::kShaking) Shake(turn);
  if (phase_ == Phase::kLinger) DropInput(turn);
}

void TlsHandshake::Shake(StrandTurn& turn) {
  switch (tls_.Shake()) {
    case TlsTransport::Handshake::kWaiting: return;
    case TlsTransport::Handshake::kDone:
      connection_.ClearDeadline();
      phase_ = Phase::kClosed;
      // The client's first request may have come along, and be in TLS's own buffer.
      return connection_.SwitchTo(connection_.context().sessions.MakeProtocol(connection_),
                                  peer_ended_ ? kReadable | kPeerEnded : kReadable);
    case TlsTransport::Handshake::kFailed: break;
  }
  LOG_VERBOSE(1, "TLS handshake failed: {}", tls_.failure());
  phase_ = Phase::kLinger;
  connection_.socket().FinishWriting();
  connection_.SetDeadline(std::chrono::steady_clock::now() + kLingerTime);
}

void TlsHandshake::DropInput(StrandTurn& turn) {
  for (int i = 0; i < kReadsPerTurn; i++) {
    iovec piece{turn.top->scratch.data(), turn.top->scratch.size()};
    const IoResult result = connection_.socket().Read({&piece, 1});
    if (result.state == IoResult::State::kWouldBlock) return;
    if (result.state != IoResult::State::kOk) return Close(turn);
  }
  // Who sends faster than that is dropped does not keep this thread.
  eventful_ = true;
  turn.needs_top = true;
}

void TlsHandshake::Close(StrandTurn& turn) {
  phase_ = Phase::kClosed;
  connection_.Close(turn);
}

}  // namespace neso::net
