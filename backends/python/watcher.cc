#include "watcher.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <future>
#include <thread>

#include "neso/backend/log.h"
#include "neso/spawn_attributes.h"

namespace neso::python {
namespace {

using backend::Status;

constexpr int kFirstInherited = 3;

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Exactly the descriptors that it is to have besides the standard ones.
int SpawnProcess(const Watcher::Program& program, int& pid) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  // Two steps: a descriptor may have the number that another one is to get.
  std::vector<int> copies;
  for (const int fd : program.inherited) copies.push_back(fcntl(fd, F_DUPFD_CLOEXEC, 64));
  for (size_t i = 0; i < copies.size(); ++i) {
    posix_spawn_file_actions_adddup2(&files, copies[i], kFirstInherited + static_cast<int>(i));
  }
  // A group of its own: Ctrl-C in a terminal is the server's, which ends its workers in order.
  const SpawnAttributes attributes(ProcessGroup::kOwn);
  const int error = posix_spawn(&pid, program.arguments[0].c_str(), &files, attributes.get(),
                                Pointers(program.arguments).data(), Pointers(program.environment).data());
  for (const int copy : copies) close(copy);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

}  // namespace

Watcher& Watcher::Get() {
  static Watcher* const watcher = new Watcher();
  return *watcher;
}

Watcher::Watcher() : epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = 0}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
  std::thread([this] { Run(); }).detach();
}

backend::Result<int> Watcher::Spawn(const Program& program) {
  int pid = 0;
  int error = 0;
  Do([&] { error = SpawnProcess(program, pid); });
  if (error != 0) return Status::Internal("cannot run '", program.arguments[0], "': ", std::strerror(error));
  return pid;
}

Status Watcher::Watch(int pid, int socket, std::shared_ptr<Watched> watched) {
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) {
    Status error = Status::Internal("cannot watch process ", pid, ": ", std::strerror(errno));
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return error;
  }
  uint64_t token = 0;
  {
    const std::lock_guard lock(mutex_);
    token = next_token_++;
    entries_[token] = {.pid = pid, .pidfd = pidfd, .socket = socket, .watched = std::move(watched)};
  }
  epoll_event end{.events = EPOLLIN, .data = {.u64 = 2 * token}};
  epoll_event bell{.events = EPOLLIN, .data = {.u64 = 2 * token + 1}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, pidfd, &end);
  epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &bell);
  return {};
}

void Watcher::Do(const std::function<void()>& job) {
  std::promise<void> done;
  {
    const std::lock_guard lock(mutex_);
    jobs_.emplace_back([&] {
      job();
      done.set_value();
    });
  }
  WakeUp();
  done.get_future().wait();
}

void Watcher::WakeUp() {
  const uint64_t one = 1;
  (void)!write(wake_, &one, sizeof(one));
}

void Watcher::WakeAt(std::chrono::steady_clock::time_point when, std::weak_ptr<Watched> watched) {
  bool is_next = false;
  {
    const std::lock_guard lock(mutex_);
    is_next = times_.empty() || when < times_.begin()->first;
    times_.emplace(when, std::move(watched));
  }
  if (is_next) WakeUp();
}

int Watcher::RunTimes() {
  constexpr std::chrono::milliseconds kLongest = std::chrono::hours(1);
  for (;;) {
    std::shared_ptr<Watched> watched;
    {
      const std::lock_guard lock(mutex_);
      if (times_.empty()) return -1;
      const auto next = times_.begin();
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(next->first - std::chrono::steady_clock::now());
      if (left.count() > 0) return static_cast<int>(std::min(left, kLongest).count());
      watched = next->second.lock();
      times_.erase(next);
    }
    if (watched != nullptr) watched->OnTime();
  }
}

void Watcher::Run() {
  std::array<epoll_event, 64> events{};
  for (;;) {
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), RunTimes());
    for (int i = 0; i < count; ++i) {
      const uint64_t data = events[static_cast<size_t>(i)].data.u64;
      if (data == 0) {
        RunJobs();
      } else if (data % 2 == 0) {
        Reap(data / 2);
      } else {
        Hear(data / 2);
      }
    }
  }
}

void Watcher::RunJobs() {
  uint64_t count = 0;
  (void)!read(wake_, &count, sizeof(count));
  std::vector<std::function<void()>> jobs;
  {
    const std::lock_guard lock(mutex_);
    jobs.swap(jobs_);
  }
  for (const std::function<void()>& job : jobs) job();
}

void Watcher::Reap(uint64_t token) {
  Entry entry{};
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(token);
    if (found == entries_.end()) return;
    entry = std::move(found->second);
    entries_.erase(found);
  }
  // Its number stays its own until those who might still send it signals know.
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(entry.pid), &info, WEXITED | WNOWAIT);
  epoll_ctl(epoll_, EPOLL_CTL_DEL, entry.pidfd, nullptr);
  epoll_ctl(epoll_, EPOLL_CTL_DEL, entry.socket, nullptr);
  close(entry.pidfd);
  entry.watched->OnExit(info.si_code == CLD_EXITED ? Watched::End{.status = info.si_status, .signal = 0}
                                                   : Watched::End{.status = 0, .signal = info.si_status});
  waitpid(entry.pid, nullptr, 0);
}

void Watcher::Hear(uint64_t token) {
  std::shared_ptr<Watched> watched;
  int socket = -1;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(token);
    if (found == entries_.end()) return;
    watched = found->second.watched;
    socket = found->second.socket;
  }
  std::array<char, 64> bells{};
  ssize_t got = 0;
  do {
    got = recv(socket, bells.data(), bells.size(), MSG_DONTWAIT);
  } while (got > 0);
  // Its end of the socket is closed: the end of the process follows, or it is up to nothing good.
  if (got == 0) epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
  watched->OnBell();
}

}  // namespace neso::python
