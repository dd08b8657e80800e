// One gRPC call as its caller sees it.
//
//   GrpcCall call(listener);
//   call.Begin(*connection, method);
//   call.Send({.head = prefix.view(), .body = message});
//   call.Finish();                    // listener.OnMessage and OnEnd follow from loop.RunOnce
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "client/grpc_answer.h"
#include "client/grpc_method.h"
#include "net/http2/http2_outgoing.h"

namespace neso::client {

class GrpcConnection;

// A message as it goes over the wire, in two parts that are sent as they are; the five bytes that come first
// (net::GrpcPrefix) are in `head`.
struct GrpcBytes {
  std::string_view head, body = {};
  std::shared_ptr<void> keep = nullptr;  // keeps both; null: they outlive the connection
};

// May be begun again and again, once the one before is over. Confined to its connection's thread.
class GrpcCall {
 public:
  class Listener {
   public:
    virtual void OnMessage(GrpcCall& call, std::string_view message) = 0;
    // The call is over and may be begun anew, here too. UNAVAILABLE when the connection was lost.
    virtual void OnEnd(GrpcCall& call, const net::GrpcStatus& status) = 0;

   protected:
    ~Listener() = default;
  };

  // A message of the answer that is longer ends the call with RESOURCE_EXHAUSTED. `listener` outlives the call, and does
  // not destroy it, or its connection, in what it is told.
  explicit GrpcCall(Listener& listener, size_t max_message_bytes = INT32_MAX)
      : listener_(listener), answer_(max_message_bytes) {}
  // Cancels it.
  ~GrpcCall() { Cancel(); }
  GrpcCall(const GrpcCall&) = delete;
  GrpcCall& operator=(const GrpcCall&) = delete;

  // Preconditions: connection.is_open(), and it is not under way. Leaves with what is sent first.
  void Begin(GrpcConnection& connection, const GrpcMethod& method);
  // Nothing happens in either if the call is over.
  void Send(const GrpcBytes& message);
  void Finish();
  // `message` is the only one.
  void SendAndFinish(const GrpcBytes& message);
  // The server is told, the listener is not.
  void Cancel();
  bool is_under_way() const { return connection_ != nullptr; }
  // Of the answer so far; 0: none has come. Servers of gRPC answer with 200, whatever became of the call.
  int http_status() const { return answer_.http_status(); }

 private:
  friend class GrpcConnection;

  void Push(const GrpcBytes& message);
  void Resume();

  Listener& listener_;
  GrpcConnection* connection_ = nullptr;  // null: it is over
  int32_t id_ = 0;
  size_t place_ = 0;      // among the connection's calls
  bool is_sent_ = false;  // all of it
  net::Http2Outgoing outgoing_;
  GrpcAnswerReader answer_;
};

}  // namespace neso::client
