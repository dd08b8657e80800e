// A connection that lanes share, and that is replaced when the server says goodbye.
#pragma once

#include <memory>
#include <vector>

#include "client/endpoint.h"
#include "client/grpc_connection.h"
#include "client/loop.h"

namespace neso::perf {

// Confined to the loop's thread.
class GrpcLine {
 public:
  // Both outlive it.
  GrpcLine(client::Loop& loop, const client::Endpoint& endpoint) : loop_(loop), endpoint_(endpoint) {}
  GrpcLine(const GrpcLine&) = delete;
  GrpcLine& operator=(const GrpcLine&) = delete;

  // One that takes a call. Error: kUnavailable when there is none to be had.
  Expected<client::GrpcConnection*> Ready();

 private:
  client::Loop& loop_;
  const client::Endpoint& endpoint_;
  // The last one is in use; those before it may have calls that are not over.
  std::vector<std::unique_ptr<client::GrpcConnection>> connections_;
};

}  // namespace neso::perf
