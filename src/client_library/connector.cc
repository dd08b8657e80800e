#include "client_library/connector.h"

#include "base/saturating.h"

namespace neso::client_library {

Connector::~Connector() {
  std::thread thread;
  {
    MutexLock lock(mutex_);
    stops_ = true;
    changed_.NotifyAll();
    thread.swap(thread_);
  }
  if (thread.joinable()) thread.join();
}

void Connector::Connect() {
  MutexLock lock(mutex_);
  ++wanted_;
  changed_.NotifyAll();
  if (!thread_.joinable()) thread_ = std::thread(&Connector::Run, this);
}

void Connector::Run() {
  while (true) {
    {
      MutexLock lock(mutex_);
      while (wanted_ == 0 && !stops_) changed_.Wait(mutex_);
      if (stops_) return;
      --wanted_;
    }
    // std::function wants what can be copied.
    const auto dialled = std::make_shared<Expected<client::Dialled>>(
        client::Dial(endpoint_, wire_, After(std::chrono::steady_clock::now(), timeout_), worker_.loop().load()));
    worker_.Post([this, dialled] { done_(std::move(*dialled)); });
  }
}

}  // namespace neso::client_library
