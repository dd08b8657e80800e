#include "client/loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>

#include "base/check.h"

namespace neso::client {
namespace {

int Wait(int epoll, std::array<epoll_event, 64>& events, Nanoseconds wait) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(wait);
  const timespec left{seconds.count(), (wait - seconds).count()};
  const int ready = epoll_pwait2(epoll, events.data(), static_cast<int>(events.size()), &left, nullptr);
  if (ready >= 0 || errno != ENOSYS) return ready;
  // Kernels before 5.11 know milliseconds only: the last part of one is waited for by asking again.
  const auto whole = std::chrono::floor<std::chrono::milliseconds>(wait).count();
  return epoll_wait(epoll, events.data(), static_cast<int>(events.size()), static_cast<int>(whole));
}

}  // namespace

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) { CHECK(epoll_.get() >= 0, "a thread needs a descriptor to wait"); }

void Loop::Watch(int fd, Watcher& watcher) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watcher;
  CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0, "an open socket can be watched");
}

void Loop::RunOnce(TimePoint until) {
  constexpr Nanoseconds kLongest = std::chrono::seconds(100);
  const Nanoseconds wait = std::clamp<Nanoseconds>(until - std::chrono::steady_clock::now(), Nanoseconds(0), kLongest);
  std::array<epoll_event, 64> events;
  const int ready = Wait(epoll_.get(), events, wait);
  for (int i = 0; i < ready; i++) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    static_cast<Watcher*>(event.data.ptr)->OnEvents((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
  }
}

}  // namespace neso::client
