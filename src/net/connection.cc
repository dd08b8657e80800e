#include "net/connection.h"

#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "base/catch_exceptions.h"
#include "net/tls_credentials.h"

namespace neso::net {

namespace {
// While the server ends, or descriptors are short: for a client that is not stalled this is long.
constexpr std::chrono::milliseconds kHurriedPatience{2000};
}  // namespace

Connection::Connection(std::shared_ptr<ServerContext> context, ReactorGroup& group, OwnedDescriptor fd, bool brief,
                       const PeerAddress& peer)
    : context_(std::move(context)),
      group_(group),
      fd_(fd.get()),
      brief_(brief),
      peer_(peer),
      writable_bits_(context_->options.tls ? kWritable | kReadable : kWritable),
      account_(context_->options.limits),
      socket_(std::in_place, fd.Release(), context_->load),
      tls_(context_->options.tls ? context_->options.tls->Accept(*socket_) : nullptr),
      transport_(tls_ ? static_cast<Transport*>(tls_.get()) : &*socket_) {}

Connection::~Connection() = default;

void Connection::Open(Top& top) {
  // The strand is held meanwhile, so that no event is handled before `listed_` is set.
  strand_.store(kOwned);
  const std::shared_ptr<Connection> self = shared_from_this();
  session_ = tls_ ? context_->sessions.MakeHandshake(*this, *tls_) : context_->sessions.MakeProtocol(*this);
  listed_ = context_->Enlist(self);
  const Status added =
      CatchExceptions([&] { return group_.Add(fd_, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, this); });
  strand_.fetch_and(~kOwned);
  // A server that began to drain before it saw us in its list did not tell us.
  uint32_t bits = 0;
  if (!added.ok()) bits |= kAbort;
  if (context_->draining) bits |= kDrain;
  if (context_->ending) bits |= kAbort;
  if (strand_.load() != 0 || brief_) bits |= kTurn;
  if (bits != 0) Enter(bits, &top);
}

void Connection::OnEvents(uint32_t events, Top& top) {
  uint32_t bits = events == 0 ? uint32_t{kTurn} : 0u;
  if (events & EPOLLIN) bits |= kReadable;
  if (events & EPOLLOUT) bits |= writable_bits_;
  if (events & EPOLLRDHUP) bits |= kPeerEnded;
  if (events & (EPOLLHUP | EPOLLERR)) bits |= kDead;
  Enter(bits, &top);
}

// How the strand is left: bits that come while it is owned are set without entering, so whoever lets go of it has to
// see them. It lets go with a compare-and-exchange that only succeeds while there are none; one that finds some goes
// round again. Between its last look and its letting go nothing can be set unseen, and after it the setter finds the
// strand free and enters itself. Or it hands the strand over, which then stays owned until somebody comes for it: the
// network thread that was asked for, or one that has something to say before.
void Connection::Enter(uint32_t bits, Top* top) noexcept {
  if (strand_.fetch_or(bits | kOwned, std::memory_order_acq_rel) & kOwned) {
    if (!handed_.exchange(false, std::memory_order_acq_rel)) return;
  }
  Run(top);
}

void Connection::Run(Top* top) noexcept {
  StrandTurn turn;
  turn.top = top;
  for (;;) {
    const uint32_t seen = strand_.exchange(kOwned, std::memory_order_acq_rel) & ~kOwned;
    HandleBits(seen, turn);
    // Asked for before the strand is left: after it the connection, the server and the reactors may end.
    if (std::exchange(turn.needs_top, false)) {
      // Away from there, the strand goes along: on a busy machine the network thread runs at once, and would find it
      // owned, leave its bit, and be asked for again, dozens of times an answer.
      if (top == nullptr) return group_.HandOver(shared_from_this(), handed_);
      group_.RequestTurn(shared_from_this());
    }
    uint32_t owned = kOwned;
    if (strand_.compare_exchange_strong(owned, 0, std::memory_order_acq_rel)) return;
  }
}

void Connection::HandleBits(uint32_t bits, StrandTurn& turn) noexcept {
  try {
    session_->OnBits(bits, turn);
    while (next_session_) {
      session_ = std::move(next_session_);
      session_->OnBits(switch_bits_, turn);
    }
    return;
  } catch (...) {
    LogException("a connection");
  }
  // In the middle of the protocol: nothing sensible can be said on this connection any more.
  turn.needs_top = false;
  try {
    session_->OnBits(kAbort, turn);
  } catch (...) {
    LogException("a connection");
    Close(turn);
  }
}

void Connection::SwitchTo(std::unique_ptr<Session> next, uint32_t bits) {
  next_session_ = std::move(next);
  switch_bits_ = bits;
}

std::chrono::milliseconds Connection::Patience(std::chrono::milliseconds usual) const {
  const bool hurried = brief_ || context_->draining.load(std::memory_order_relaxed);
  if (!hurried) return usual;
  return usual.count() == 0 ? kHurriedPatience : std::min(usual, kHurriedPatience);
}

TimePoint Connection::DeadlineOf(const TransferPace& pace) const {
  const ServiceLimits& limits = context_->options.limits;
  return pace.Deadline(Patience(limits.progress_timeout), limits.min_bytes_per_second);
}

void Connection::Close(StrandTurn& turn) noexcept {
  if (closed_) return;
  closed_ = true;
  ClearDeadline();
  std::shared_ptr<Connection> self = context_->Delist(listed_);
  turn.Drop(self);
  group_.Remove(fd_, std::move(self));
  tls_.reset();
  socket_.reset();
}

void Connection::SetDeadline(TimePoint deadline) {
  deadline_.store(deadline);
  context_->sentinel.RequestSweep(deadline);
}

}  // namespace neso::net
