// Accepts the connections of one server and spreads them over the reactor groups.
//
// The last descriptors of the process are kept for short visits, such as those that ask for the server's health: who
// comes when only they are left is answered once, and idle connections are closed to make room.
#pragma once

#include <atomic>
#include <memory>

#include "net/reactor/reactor_pool.h"
#include "net/server_context.h"
#include "net/socket_address.h"

namespace neso::net {

class Listener final : public Pollable, public std::enable_shared_from_this<Listener> {
 public:
  Listener(ReactorPool& reactors, std::shared_ptr<ServerContext> context, ListenSocket socket);
  ~Listener() override;

  Status Start();
  // Refuses connections from now on.
  void Stop();
  // Accepts no more; the socket stays, and others accept from it.
  void Leave();
  uint16_t port() const { return socket_.port(); }
  int fd() const { return socket_.fd(); }

  void OnEvents(uint32_t events, Top& top) override;

 private:
  // False: there is nothing more to accept now.
  bool AcceptOne(Top& top);
  // Out of descriptors: takes the waiting connection with the spare one and closes it, so that its client is told and
  // the listening socket does not stay ready for ever. False when somebody else was quicker to use the spare one.
  bool Shed();
  // Connections on which no request is under way make room.
  void SpareSome();

  ReactorPool& reactors_;
  const std::shared_ptr<ServerContext> context_;
  ListenSocket socket_;
  std::atomic<bool> is_shared_;
  ReactorGroup& group_;
  int spare_fd_;
  // Descriptors are given lowest number first: one of this number or above is among the last.
  const int first_reserved_fd_;
};

}  // namespace neso::net
