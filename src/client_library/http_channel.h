// HTTP/1.1: connections to one endpoint, and the attempts that wait for one of them.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "client/http1_connection.h"
#include "client_library/channel.h"
#include "client_library/connector.h"
#include "client_library/worker.h"

namespace neso::client_library {

class HttpChannel final : public Channel, private client::Http1Connection::Listener {
 public:
  HttpChannel(Worker& worker, const client::Endpoint& endpoint, Nanoseconds connect_timeout, size_t most_connections);

  void Start(Attempt& attempt) override;
  // Closes the connection that it was sent over.
  void Abandon(Attempt& attempt) override;
  bool is_connected() const override { return !slots_.empty(); }
  void NoteLate() override {}  // the connection is closed with the attempt

 private:
  struct Slot {
    std::unique_ptr<client::Http1Connection> connection;
    Attempt* attempt;  // null: idle
  };

  void OnConnected(Expected<client::Dialled> dialled);
  void OnAnswer(client::Http1Connection& connection, const client::Http1AnswerReader& answer) override;
  void OnLost(client::Http1Connection& connection, const Status& reason) override;
  // Gives waiting attempts to idle connections, and asks for more of these.
  void Serve();
  std::vector<Slot>::iterator SlotOf(const client::Http1Connection& connection);
  void Retire(std::vector<Slot>::iterator slot);

  Worker& worker_;
  const client::Endpoint endpoint_;
  const size_t most_connections_;
  std::vector<Slot> slots_;
  std::deque<Attempt*> waiting_;
  size_t connecting_ = 0;
  Connector connector_;
};

}  // namespace neso::client_library
