// One connection to an HTTP/1.1 server: a request, its answer, the next request.
//
//   ASSIGN_OR_RETURN(auto connection, Http1Connection::Connect(loop, endpoint, deadline, listener));
//   connection->Send({.head = head, .body = body});   // listener.OnAnswer follows from loop.RunOnce
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "client/dial.h"
#include "client/endpoint.h"
#include "client/http1_answer.h"
#include "client/loop.h"
#include "net/transport.h"

namespace neso::client {

// A request as it goes over the wire. Views, which stay until the answer has come or the connection is lost.
struct Http1Request {
  std::string_view head;  // with the empty line
  std::string_view body = {};
  std::string_view method = "POST";  // whose answer is expected
};

// Confined to its loop's thread.
class Http1Connection final : private Loop::Watcher {
 public:
  class Listener {
   public:
    // May send the next request, if the connection is still open: the answer keeps it, and all of the request was sent.
    virtual void OnAnswer(Http1Connection& connection, const Http1AnswerReader& answer) = 0;
    // More of it has come, not yet all.
    virtual void OnMore(Http1AnswerReader& /*answer*/) {}
    // No answer will come. kUnavailable with the reason.
    virtual void OnLost(Http1Connection& connection, const Status& reason) = 0;

   protected:
    ~Listener() = default;
  };

  // `loop` and `listener` outlive the connection. An answer whose body is longer than `max_body_bytes` loses it.
  static Expected<std::unique_ptr<Http1Connection>> Connect(Loop& loop, const Endpoint& endpoint, TimePoint deadline,
                                                            Listener& listener, size_t max_body_bytes = SIZE_MAX);
  // On the thread of `loop`, of what was dialled on any.
  static std::unique_ptr<Http1Connection> Adopt(Loop& loop, Dialled dialled, Listener& listener,
                                                size_t max_body_bytes = SIZE_MAX);
  Http1Connection(const Http1Connection&) = delete;
  Http1Connection& operator=(const Http1Connection&) = delete;

  // Precondition: is_open(), and no answer is awaited.
  void Send(const Http1Request& request);
  bool is_open() const { return is_open_; }
  bool awaits_answer() const { return awaits_answer_; }

 private:
  Http1Connection(std::unique_ptr<net::Transport> transport, Listener& listener, size_t max_body_bytes)
      : listener_(listener), transport_(std::move(transport)), answer_(max_body_bytes) {}
  void OnEvents(bool is_ending) override;
  void Write();
  void Read();
  // False: nothing more is to be read now.
  bool Take(std::string_view bytes);
  void Finish(bool keeps_connection);
  bool Lose(const Status& reason);

  Listener& listener_;
  const std::unique_ptr<net::Transport> transport_;
  Http1AnswerReader answer_;
  std::array<std::string_view, 2> unsent_;
  bool is_open_ = true;
  bool awaits_answer_ = false;
  bool is_ending_ = false;   // the server sends nothing more
  bool is_readable_ = true;  // since the socket said so last, it was not read until it was empty
};

}  // namespace neso::client
