// The one thread that starts workers, hears their bells and sees them end.
//
// Workers ask the system to end them when the thread that started them ends; so that thread must live as long as the
// server does.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "neso/backend/status.h"

namespace neso::python {

// A child process. Called on the watcher's thread only.
class Watched {
 public:
  virtual ~Watched() = default;
  // The worker left messages that nobody was there to read.
  virtual void OnBell() = 0;
  // A time that was asked for has come.
  virtual void OnTime() = 0;
  // It has ended: with a status, or by a signal if that is not 0. Nothing is called afterwards.
  struct End {
    int status;
    int signal;
  };
  virtual void OnExit(End end) = 0;
};

// Thread-safe. There is one in the process, made when it is first asked for; it is never destroyed, because workers may
// live until the process ends.
class Watcher {
 public:
  static Watcher& Get();

  struct Program {
    std::vector<std::string> arguments;    // the first is the file to run
    std::vector<std::string> environment;  // NAME=value
    std::vector<int> inherited;            // become descriptors 3, 4, ...
  };
  // Starts a process and waits for nothing. Its id.
  backend::Result<int> Spawn(const Program& program);
  // Keeps `watched` until the process `pid` has ended; `socket` stays the caller's. On an error the process is killed.
  backend::Status Watch(int pid, int socket, std::shared_ptr<Watched> watched);
  // Calls OnTime() then, if `watched` still lives.
  void WakeAt(std::chrono::steady_clock::time_point when, std::weak_ptr<Watched> watched);

 private:
  struct Entry {
    int pid;
    int pidfd;
    int socket;
    std::shared_ptr<Watched> watched;
  };

  Watcher();
  void Run();
  void RunJobs();
  // Wakes those whose time has come. How long epoll_wait may sleep until the next is due.
  int RunTimes();
  void WakeUp();
  void Reap(uint64_t token);
  void Hear(uint64_t token);
  // Runs `job` on the thread, and waits for it.
  void Do(const std::function<void()>& job);

  int epoll_;
  int wake_;
  std::mutex mutex_;
  std::vector<std::function<void()>> jobs_;
  std::multimap<std::chrono::steady_clock::time_point, std::weak_ptr<Watched>> times_;
  std::unordered_map<uint64_t, Entry> entries_;
  uint64_t next_token_ = 1;
};

}  // namespace neso::python
