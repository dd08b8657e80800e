// One accepted connection: a socket, the protocol spoken on it, and the strand that lets one thread at a time touch
// them.
//
// Events of the socket, answers from any thread and time limits all Enter() with a bit that says what happened. Whoever
// finds the strand free takes it and handles the bits; who finds it taken leaves the bit there, and the owner handles
// it before it goes. So nobody waits, and an answer is written to the socket by the thread that has it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "base/owned_descriptor.h"
#include "net/client_account.h"
#include "net/peer_address.h"
#include "net/reactor/answer_cork.h"
#include "net/reactor/reactor_group.h"
#include "net/reactor/reactor_top.h"
#include "net/server_context.h"
#include "net/session.h"
#include "net/tls.h"
#include "net/transfer_pace.h"
#include "net/transport.h"

namespace neso::net {

class Connection final : public Pollable, public AnswerCork::Waiter, public std::enable_shared_from_this<Connection> {
 public:
  // A `brief` one was let in with the last descriptors: it is answered once, and has to be quick.
  Connection(std::shared_ptr<ServerContext> context, ReactorGroup& group, OwnedDescriptor fd, bool brief = false,
             const PeerAddress& peer = {});
  ~Connection() override;

  // Lists the connection with its server and watches the socket; it may be gone when this returns.
  void Open(Top& top);
  // Handles `bits`, here or on the thread that owns the strand.
  void Enter(uint32_t bits, Top* top) noexcept;
  void OnEvents(uint32_t events, Top& top) override;
  void OnUncork() override { Enter(kAnswer, nullptr); }

  // For the session, in the strand:
  Transport& transport() { return *transport_; }
  SocketTransport& socket() { return *socket_; }  // what lies below TLS
  ServerContext& context() { return *context_; }
  // `next` takes the session's place when OnBits returns, and begins with `bits`.
  void SwitchTo(std::unique_ptr<Session> next, uint32_t bits);
  // Delists, unwatches and closes the socket. The session sees no more of it.
  void Close(StrandTurn& turn) noexcept;
  // kDeadline comes at `deadline` or milliseconds later, unless it is changed before.
  void SetDeadline(TimePoint deadline);
  bool is_brief() const { return brief_; }
  const PeerAddress& peer() const { return peer_; }
  // How long the client may keep the server waiting where it usually may for `usual` (0: for ever).
  std::chrono::milliseconds Patience(std::chrono::milliseconds usual) const;
  // When a body, or the reading of an answer, has become too slow.
  TimePoint DeadlineOf(const TransferPace& pace) const;
  void ClearDeadline() { deadline_.store(TimePoint::max(), std::memory_order_relaxed); }

  // A request is under way, or part of one has come. Noted once more after kDrain: what was noted before the server
  // began to drain told nobody.
  void NoteBusy(bool busy) {
    busy_.store(busy, std::memory_order_relaxed);
    if (!busy) context_->NoteIdle();
  }

  // Any thread.
  ClientAccount& account() { return account_; }
  bool is_busy() const { return busy_.load(std::memory_order_relaxed); }
  // TimePoint::max() if there is none.
  TimePoint deadline() const { return deadline_.load(); }
  bool IsOverdue(TimePoint now) const { return deadline() <= now; }

 private:
  static constexpr uint32_t kOwned = 1u << 31;

  // Handles bits until there are none, and lets go of the strand, or hands it over.
  void Run(Top* top) noexcept;

  // The strand's border for exceptions: they cost the connection. One that passed it would leave the strand owned for
  // ever, and the server's end waiting for it.
  void HandleBits(uint32_t bits, StrandTurn& turn) noexcept;

  const std::shared_ptr<ServerContext> context_;
  ReactorGroup& group_;  // used only in the strand, and after Close only while a call is counted
  const int fd_;
  const bool brief_;
  const PeerAddress peer_;
  // TLS may have to write before it can read on (RFC 8446, 4.6.3): room to write is then something to read.
  const uint32_t writable_bits_;
  std::atomic<uint32_t> strand_{0};
  std::atomic<bool> handed_{false};  // the strand is owned, by whoever clears this
  std::atomic<bool> busy_{false};
  std::atomic<TimePoint> deadline_{TimePoint::max()};
  ClientAccount account_;
  bool closed_ = false;
  ServerContext::Connections::iterator listed_;
  std::optional<SocketTransport> socket_;
  std::unique_ptr<TlsTransport> tls_;  // null on a port for plain text
  Transport* const transport_;         // the upper one of the two
  std::unique_ptr<Session> session_;
  std::unique_ptr<Session> next_session_;
  uint32_t switch_bits_ = 0;  // what it begins with
};

}  // namespace neso::net
