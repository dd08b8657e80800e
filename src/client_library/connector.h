// Connects to one endpoint, on a thread of its own: looking up a name and connecting block.
#pragma once

#include <functional>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "base/owned_descriptor.h"
#include "base/status.h"
#include "client/endpoint.h"

namespace neso::client_library {

// Thread-safe.
class Connector {
 public:
  using Done = std::function<void(Expected<OwnedDescriptor>)>;

  // `done` runs on the connector's thread, once for each Connect; it outlives the connector.
  Connector(const client::Endpoint& endpoint, Nanoseconds timeout, Done done)
      : endpoint_(endpoint), timeout_(timeout), done_(std::move(done)) {}
  // Waits for the attempt that is under way; the others are dropped.
  ~Connector();
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  void Connect() EXCLUDES(mutex_);

 private:
  void Run() EXCLUDES(mutex_);

  const client::Endpoint endpoint_;
  const Nanoseconds timeout_;
  const Done done_;
  Mutex mutex_;
  CondVar changed_;
  size_t wanted_ GUARDED_BY(mutex_) = 0;
  bool stops_ GUARDED_BY(mutex_) = false;
  std::thread thread_ GUARDED_BY(mutex_);  // begins with the first Connect
};

}  // namespace neso::client_library
