// A connection to a gRPC server, for any number of calls at a time.
//
//   ASSIGN_OR_RETURN(auto connection, GrpcConnection::Connect(loop, endpoint, deadline));
//   call.Begin(*connection, method);
//
// nghttp2 keeps HTTP/2's rules: windows both ways, and calls beyond what the server takes at a time wait for their turn. A
// server that says goodbye (GOAWAY) gets no new calls; those that it has not begun end with UNAVAILABLE, the others go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "client/dial.h"
#include "client/endpoint.h"
#include "client/grpc_call.h"
#include "client/loop.h"
#include "net/http2/http2_output.h"
#include "net/transport.h"

struct nghttp2_session;

namespace neso::client {

// Confined to its loop's thread.
class GrpcConnection final : public Loop::Watcher {
 public:
  // `loop` outlives the connection.
  static Expected<std::unique_ptr<GrpcConnection>> Connect(Loop& loop, const Endpoint& endpoint, TimePoint deadline);
  // On the thread of `loop`, of what was dialled on any.
  static std::unique_ptr<GrpcConnection> Adopt(Loop& loop, Dialled dialled);
  // Whoever watches the transport's socket calls OnEvents.
  explicit GrpcConnection(std::unique_ptr<net::Transport> transport);
  // Calls that are under way are over; their listeners are not told.
  ~GrpcConnection();
  GrpcConnection(const GrpcConnection&) = delete;
  GrpcConnection& operator=(const GrpcConnection&) = delete;

  // New calls may be begun.
  bool is_open() const;
  // It has ended; calls that ended with it may have been run.
  bool is_lost() const { return is_lost_; }
  // How often bytes have come from the server.
  uint64_t heard() const { return heard_; }
  void OnEvents(bool is_ending) override;

 private:
  friend class GrpcCall;
  struct Callbacks;

  void Add(GrpcCall& call, const GrpcMethod& method);
  void Remove(GrpcCall& call);
  void Abandon(GrpcCall& call);
  void Reset(const GrpcCall& call);
  void Resume(const GrpcCall& call);
  // Writes what the socket takes, now or after what is under way.
  void Flush();
  void Read();
  void EndCall(GrpcCall& call, const net::GrpcStatus& status);
  // The end of the connection, and of all its calls.
  void Lose(const std::string& reason);

  const std::unique_ptr<net::Transport> transport_;
  nghttp2_session* raw_ = nullptr;
  net::Http2Output output_;
  std::vector<GrpcCall*> calls_;
  bool is_lost_ = false;
  uint64_t heard_ = 0;
  bool is_busy_ = false;      // reads or writes: what is begun meanwhile is written at the end
  bool is_ending_ = false;    // the server sends nothing more
  bool is_readable_ = false;  // since the socket said so last, it was not read until it was empty
};

}  // namespace neso::client
