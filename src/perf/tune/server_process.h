// A server that this program starts, and that ends with it, however it ends. Ctrl-C in the terminal does not reach it:
// what the program still has to ask it, it can.
//
//   ASSIGN_OR_RETURN(const auto process, ServerProcess::Start({"--model-repository=models"}));
//   ASSIGN_OR_RETURN(const std::string address, process->AwaitAddress(deadline));   // "127.0.0.1:43251"
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/owned_descriptor.h"
#include "base/status.h"

namespace neso::perf {

// Confined to a thread.
class ServerProcess {
 public:
  // This program with `options`, and HTTP on the loopback, at a port that the server takes from the system. Asked to end,
  // it gets `patience` for that before it is killed.
  static Expected<std::unique_ptr<ServerProcess>> Start(std::vector<std::string> options,
                                                        Nanoseconds patience = std::chrono::seconds(10));
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  pid_t id() const { return process_; }
  // Where HTTP is, as its log says. Errors: kUnavailable when the process ends, or does not say so in time; kCancelled
  // when this one is interrupted meanwhile.
  Expected<std::string> AwaitAddress(TimePoint deadline);
  // Error: kUnavailable when it has ended.
  Status CheckRunning();
  // kUnavailable: that the server does what, and the end of its log.
  Status Failure(const char* what) const;

 private:
  ServerProcess(OwnedDescriptor log, Nanoseconds patience) : log_(std::move(log)), patience_(patience) {}
  // Precondition: it has not ended.
  void End();
  Expected<std::string> ReadLog() const;

  const OwnedDescriptor log_;  // memory, of which nothing stays behind
  const Nanoseconds patience_;
  pid_t process_ = -1;  // -1: it has ended
};

}  // namespace neso::perf
