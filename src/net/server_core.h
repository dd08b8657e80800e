// What servers of all protocols have in common: the listener, the time limits, the drain and the end.
#pragma once

#include <cstdint>
#include <memory>

#include "base/event.h"
#include "base/status.h"
#include "net/listener.h"
#include "net/reactor/reactor_pool.h"
#include "net/server_context.h"

namespace neso::net {

// Thread-safe. The destructor cuts what is still open and waits for calls of the handler.
class ServerCore final : public Sweepable {
 public:
  ServerCore(ReactorPool& reactors, std::shared_ptr<ServerContext> context, ListenSocket socket);
  ~ServerCore() override;

  Status Accept() { return listener_->Start(); }
  uint16_t port() const { return port_; }
  int listening_fd() const { return listener_->fd(); }
  void LeaveSocket() { listener_->Leave(); }
  size_t ConnectionCount() const { return context_->ConnectionCount(); }
  std::shared_ptr<const ServerLoad> Load() const { return {context_, &context_->load}; }
  size_t BusyCount() const;
  void BeginDrain(std::shared_ptr<Event> changed);
  void EndIdle();
  TimePoint Sweep(TimePoint now) override;

 private:
  void EnterAll(uint32_t bits);

  ReactorSentinel& sentinel_;
  const std::shared_ptr<ServerContext> context_;
  const std::shared_ptr<Listener> listener_;
  const uint16_t port_;
};

}  // namespace neso::net
