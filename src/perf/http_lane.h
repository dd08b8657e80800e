// One request at a time on a connection of HTTP/1.1.
#pragma once

#include <memory>
#include <string>

#include "client/http1_connection.h"
#include "perf/transport.h"

namespace neso::perf {

// Confined to its loop's thread. What an answer is made of is its heirs' to know.
class HttpLane : public Lane, protected client::Http1Connection::Listener {
 public:
  // All outlive it.
  HttpLane(client::Loop& loop, const client::Endpoint& endpoint, Lane::Listener& listener)
      : loop_(loop), endpoint_(endpoint), listener_(listener) {}
  HttpLane(const HttpLane&) = delete;
  HttpLane& operator=(const HttpLane&) = delete;

  // Error: kUnavailable.
  Status Connect();
  void Send(const InferBytes& bytes, const Turn& turn) override;

 protected:
  Lane::Listener& listener() { return listener_; }
  // Tells the listener of the answers that it has; its status is 200. Error: it cannot be measured.
  virtual Status Take(const client::Http1AnswerReader& answer) = 0;
  // Before the answer has ended: nothing more of it is looked at.
  void Fail(const Status& reason);

 private:
  void OnAnswer(client::Http1Connection& connection, const client::Http1AnswerReader& answer) override;
  void OnLost(client::Http1Connection& connection, const Status& reason) override;

  client::Loop& loop_;
  const client::Endpoint& endpoint_;
  Lane::Listener& listener_;
  bool is_awaiting_ = false;
  std::unique_ptr<client::Http1Connection> connection_;
  std::string marked_head_;
};

// The marks of a request in a sequence, as members of its "parameters". Always as long, whatever they say, so that they are
// written into a head that is there: blanks are nothing in JSON.
std::string MarksJson(const Turn& turn);

}  // namespace neso::perf
