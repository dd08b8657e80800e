// The bytes of one connection, below any protocol: a plain socket, or TLS over one.
//
// Confined to the connection's strand. Descriptors are non-blocking and watched edge-triggered.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>

#include "net/server_load.h"
#include "net/traffic_meter.h"

namespace neso::net {

struct IoResult {
  enum class State { kOk, kWouldBlock, kEnd, kFailed };  // kEnd: the peer has finished sending
  State state = State::kOk;
  size_t bytes = 0;
  // Nothing more to read until the next event.
  bool drained = false;
};

class Transport {
 public:
  virtual ~Transport() = default;
  // Reads into the pieces in order. kOk has bytes > 0.
  virtual IoResult Read(std::span<iovec> pieces) = 0;
  // kOk may have written less than all; only kWouldBlock promises an event when there is room. What was not written is
  // offered again by the next call, with or without more behind it.
  virtual IoResult Write(std::span<iovec> pieces) = 0;
  // Tells the peer that nothing more will be written.
  virtual void FinishWriting() = 0;
  // Ends both directions at once; the reactor then reports a hang-up.
  virtual void Abort() = 0;
};

// A TCP or Unix-domain socket. Owns the descriptor. Its bytes are counted in `load`, which outlives it.
class SocketTransport final : public Transport {
 public:
  SocketTransport(int fd, ServerLoad& load) : fd_(fd), received_(load.received_bytes), sent_(load.sent_bytes) {}
  ~SocketTransport() override;
  SocketTransport(const SocketTransport&) = delete;
  SocketTransport& operator=(const SocketTransport&) = delete;

  IoResult Read(std::span<iovec> pieces) override;
  IoResult Write(std::span<iovec> pieces) override;
  void FinishWriting() override;
  void Abort() override;

  int fd() const { return fd_; }

 private:
  const int fd_;
  TrafficMeter received_, sent_;
};

}  // namespace neso::net
