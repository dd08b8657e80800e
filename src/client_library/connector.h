// Connects to one endpoint, on a thread of its own: looking up a name, connecting and TLS's handshake block.
#pragma once

#include <functional>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "client/dial.h"
#include "client_library/worker.h"

namespace neso::client_library {

// Thread-safe.
class Connector {
 public:
  using Done = std::function<void(Expected<client::Dialled>)>;

  // `done` runs on the worker's thread, once for each Connect.
  Connector(Worker& worker, const client::Endpoint& endpoint, client::Wire wire, Nanoseconds timeout, Done done)
      : worker_(worker), endpoint_(endpoint), wire_(wire), timeout_(timeout), done_(std::move(done)) {}
  // Waits for the attempt that is under way; the others are dropped.
  ~Connector();
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  void Connect() EXCLUDES(mutex_);

 private:
  void Run() EXCLUDES(mutex_);

  Worker& worker_;
  const client::Endpoint endpoint_;
  const client::Wire wire_;
  const Nanoseconds timeout_;
  const Done done_;
  Mutex mutex_;
  CondVar changed_;
  size_t wanted_ GUARDED_BY(mutex_) = 0;
  bool stops_ GUARDED_BY(mutex_) = false;
  std::thread thread_ GUARDED_BY(mutex_);  // begins with the first Connect
};

}  // namespace neso::client_library
