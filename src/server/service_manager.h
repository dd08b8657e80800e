// What a service manager (systemd's Type=notify) hears of the process: when it serves, what it does meanwhile, and, where
// there is a watchdog, that its network threads answer.
//
//   ServiceManager manager(ProcessEnvironment);
//   manager.Loading();
//   manager.Serving("Serving", [&] { return reactors.Answer(1s); });
//   manager.Stopping(10s);
//
// The protocol is a datagram to the socket that NOTIFY_SOCKET names; without that variable nothing is sent, and no thread
// is started. Source: sd_notify(3), sd_watchdog_enabled(3).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "base/event.h"
#include "base/mutex.h"
#include "server/options.h"

namespace neso {

// Confined to the main thread, but for what the thread of its own does.
class ServiceManager {
 public:
  // Whether the network threads answer, which may take a moment to find out. Called by a thread of the manager's.
  using Probe = std::function<bool()>;

  explicit ServiceManager(const Environment& environment);
  ~ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  bool is_there() const { return !socket_.empty(); }
  // Models load, for as long as it takes: the time limit of the start is put off until they have.
  void Loading();
  // `probe` is asked from now on, until the end of this object.
  void Serving(std::string_view status, Probe probe);
  void Describe(std::string_view status);
  // It ends within `time`.
  void Stopping(std::chrono::milliseconds time);
  // The probe is not asked any more.
  void End();
  // The service is process `successor` from now on; nothing is said of this one any more.
  void HandOver(pid_t successor);

 private:
  void Send(const std::string& message);
  void StartThread();
  void ThreadMain();
  void Tick();

  std::string socket_;                     // empty: nobody listens
  std::chrono::microseconds watchdog_{0};  // zero: there is none
  std::chrono::milliseconds interval_{0};  // of the thread's messages
  Event changed_;
  Mutex mutex_;
  bool is_loading_ GUARDED_BY(mutex_) = false;
  bool is_ending_ GUARDED_BY(mutex_) = false;
  Probe probe_ GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace neso
