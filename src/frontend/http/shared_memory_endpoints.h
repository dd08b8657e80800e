// The endpoints of the system and CUDA shared memory extensions: register, unregister, status.
//
//   case Endpoint::kSystemShmStatus: return shared_memory_.List(RegionKind::kSystem, route, *exchange);
#pragma once

#include "base/executor.h"
#include "frontend/http/route.h"
#include "frontend/shared_memory/shared_memory_manager.h"
#include "net/http_exchange.h"

namespace neso {

// Thread-safe. `regions` and `slow_work` (the CUDA driver may take seconds) outlive it.
class SharedMemoryEndpoints {
 public:
  SharedMemoryEndpoints(SharedMemoryManager& regions, Executor& slow_work) : regions_(regions), slow_work_(slow_work) {}

  void List(RegionKind kind, const Route& route, net::HttpExchange& exchange) const;
  void RegisterSystem(const Route& route, net::HttpExchange& exchange);
  void RegisterCuda(const Route& route, net::HttpExchangeRef exchange);
  void Unregister(RegionKind kind, const Route& route, net::HttpExchange& exchange);

 private:
  SharedMemoryManager& regions_;
  Executor& slow_work_;
};

}  // namespace neso
