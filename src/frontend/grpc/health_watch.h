// grpc.health.v1.Health/Watch: a client asks once, hears whether the server is ready, and again whenever that changes.
//
//   HealthWatchers watchers(server);
//   return watchers.Begin(std::move(call));   // what the calls of the method are given to
//
// A service that the server does not have is SERVICE_UNKNOWN, and stays watched. A server that stops is NOT_SERVING,
// and ends its watches.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/timer_queue.h"
#include "engine/inference_server.h"
#include "net/grpc_call.h"

namespace neso {

// Thread-safe. `server` outlives it, and it outlives the calls.
class HealthWatchers {
 public:
  explicit HealthWatchers(const InferenceServer& server) : server_(server) {}

  net::GrpcReceiverRef Begin(net::GrpcCallRef call);
  void BeginDrain();

 private:
  class Watch;

  // Backends are asked, which may take seconds, so that is done on the thread of the timers.
  bool IsServing() const;
  void AddLater(std::shared_ptr<Watch> watch);
  void Add(std::shared_ptr<Watch> watch);
  void Remove(const Watch& watch);
  // Nobody tells of a change, so while somebody watches a timer looks.
  void LookLater() REQUIRES(mutex_);
  void Look();
  void TellAll();

  const InferenceServer& server_;
  Mutex mutex_;
  std::vector<std::shared_ptr<Watch>> watches_ GUARDED_BY(mutex_);
  bool is_looking_ GUARDED_BY(mutex_) = false;
  bool is_draining_ GUARDED_BY(mutex_) = false;
  TimerQueue timers_;  // the last one: nothing of it runs while the rest goes
};

}  // namespace neso
