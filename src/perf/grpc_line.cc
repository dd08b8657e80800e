#include "perf/grpc_line.h"

#include <chrono>

namespace neso::perf {
namespace {

constexpr std::chrono::seconds kPatience{20};

}  // namespace

Expected<client::GrpcConnection*> GrpcLine::Ready() {
  if (connections_.empty() || !connections_.back()->is_open()) {
    const TimePoint deadline = std::chrono::steady_clock::now() + kPatience;
    ASSIGN_OR_RETURN(auto connection, client::GrpcConnection::Connect(loop_, endpoint_, deadline));
    connections_.push_back(std::move(connection));
  }
  return connections_.back().get();
}

}  // namespace neso::perf
