// gRPC: one connection to an endpoint, which carries all attempts at once. When the server says goodbye, the next attempt
// gets a new one; those that are under way go on.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "client/grpc_connection.h"
#include "client_library/channel.h"
#include "client_library/connector.h"
#include "client_library/worker.h"

namespace neso::client_library {

class GrpcChannel final : public Channel {
 public:
  GrpcChannel(Worker& worker, const client::Endpoint& endpoint, Nanoseconds connect_timeout);
  ~GrpcChannel() override;

  void Start(Attempt& attempt) override;
  // Resets its stream.
  void Abandon(Attempt& attempt) override;
  bool is_connected() const override { return connection_ != nullptr && connection_->is_open(); }
  void NoteLate() override;

 private:
  class Exchange;

  void OnConnected(Expected<client::Dialled> dialled);
  void Send(Attempt& attempt);
  void OnEnd(Attempt& attempt, Expected<Answer> answer);
  // No longer under way; null if it was not.
  std::unique_ptr<Exchange> Remove(Attempt& attempt);

  Worker& worker_;
  const client::Endpoint endpoint_;
  const Nanoseconds connect_timeout_;
  std::shared_ptr<client::GrpcConnection> connection_;  // for new attempts; those under way share theirs
  uint64_t heard_ = 0;                                  // of it, when an attempt was sent at
  TimePoint heard_at_{};                                // this time; not later unless more was heard
  std::vector<Attempt*> waiting_;                       // for a connection
  bool is_connecting_ = false;
  std::unordered_map<const Attempt*, std::unique_ptr<Exchange>> exchanges_;
  Connector connector_;
};

}  // namespace neso::client_library
