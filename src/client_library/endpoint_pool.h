// The connections to one endpoint, and the attempts that wait for one of them.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/http_client.h"
#include "client_library/connector.h"
#include "client_library/worker.h"

namespace neso::client_library {

// A request that is made once. It stays where it is until it is told.
struct Attempt {
  std::string head;
  std::string_view body;
  std::string_view method;
  bool was_sent = false;  // some of it, perhaps
  // The answer, or kUnavailable: no connection, or it was lost.
  std::function<void(Expected<client::HttpAnswer>)> done;
};

// Confined to the worker's thread.
class EndpointPool final : private client::Http1Connection::Listener {
 public:
  EndpointPool(Worker& worker, const client::Endpoint& endpoint, Nanoseconds connect_timeout, size_t most_connections);
  // The worker's thread has ended.
  ~EndpointPool() = default;

  const client::Endpoint& endpoint() const { return endpoint_; }
  void Start(Attempt& attempt);
  // It is not told; if it was sent, its connection is closed, which tells the server.
  void Abandon(Attempt& attempt);

 private:
  struct Slot {
    std::unique_ptr<client::Http1Connection> connection;
    Attempt* attempt;  // null: idle
  };

  void OnConnected(Expected<OwnedDescriptor> socket);
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
