// What a connection and the protocol spoken on it know of each other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "net/reactor/reactor_top.h"

namespace neso::net {

class Connection;
class TlsTransport;

// What happened to a connection since its strand was last owned.
enum StrandBits : uint32_t {
  kReadable = 1,
  kWritable = 2,
  kPeerEnded = 4,  // the peer has finished sending; perhaps it still reads
  kDead = 8,       // both directions are gone
  kAnswer = 16,    // an exchange has something to send
  kDeadline = 32,  // the time limit has passed
  kDrain = 64,     // the server ends
  kAbort = 128,    // cut it now
  kTurn = 256,     // the top of a network thread, which was asked for
  kSpare = 512,    // descriptors are short: end, if no request is under way
};

// One ownership of a strand.
struct StrandTurn {
  Top* top = nullptr;      // null away from the top of a network thread: then nothing is read or dispatched
  bool needs_top = false;  // the session has something to do there

  // Lets go of `reference` after the strand is left, since that may run anything. (With more than a few in one turn the
  // oldest goes at once: that is slower for others on this connection, not wrong.)
  void Drop(std::shared_ptr<void> reference) {
    if (reference) std::swap(garbage[dropped++ % garbage.size()], reference);
  }
  std::array<std::shared_ptr<void>, 4> garbage;
  size_t dropped = 0;
};

// The protocol spoken on a connection. Confined to the strand.
class Session {
 public:
  virtual ~Session() = default;
  virtual void OnBits(uint32_t bits, StrandTurn& turn) = 0;
};

// Makes the sessions of a server's connections, so that a connection knows none of the protocols that are spoken on it.
// Thread-safe; each session is confined to the strand of `connection`, which owns it.
class SessionFactory {
 public:
  virtual ~SessionFactory() = default;
  // What comes before the protocol on a port for TLS.
  virtual std::unique_ptr<Session> MakeHandshake(Connection& connection, TlsTransport& tls) const = 0;
  // The protocol that the port's clients begin with.
  virtual std::unique_ptr<Session> MakeProtocol(Connection& connection) const = 0;
  // HTTP/2 with a client that has sent `received` so far.
  virtual std::unique_ptr<Session> MakeHttp2(Connection& connection, std::string received) const = 0;
};

}  // namespace neso::net
