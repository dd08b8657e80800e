// Requests over one call of ModelStreamInfer, of which many are under way at a time: an answer finds its lane by its ID.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/grpc_call.h"
#include "client/grpc_method.h"
#include "net/compression.h"
#include "perf/grpc_line.h"
#include "perf/transport.h"

namespace neso::perf {

// Confined to the loop's thread.
class GrpcStream final : private client::GrpcCall::Listener {
 public:
  // All outlive it.
  GrpcStream(GrpcLine& line, const client::GrpcMethod& method, net::ContentEncoding compression)
      : line_(line), method_(method), compression_(compression) {}
  GrpcStream(const GrpcStream&) = delete;
  GrpcStream& operator=(const GrpcStream&) = delete;

  // Does not outlive the stream.
  std::unique_ptr<Lane> AddLane(Lane::Listener& listener);

 private:
  class StreamLane;

  // Begins the call, if there is none.
  Status Begin();
  StreamLane* FindLane(std::string_view id) const;
  void FailAll(const Status& reason);
  void OnMessage(client::GrpcCall& call, std::string_view message) override;
  void OnEnd(client::GrpcCall& call, const net::GrpcStatus& status) override;

  GrpcLine& line_;
  const client::GrpcMethod& method_;
  const net::ContentEncoding compression_;  // of requests
  std::vector<StreamLane*> lanes_;          // the ID is the place here; null: it has gone
  client::GrpcCall call_{*this};
};

}  // namespace neso::perf
