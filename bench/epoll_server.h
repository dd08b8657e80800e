// What the floors of the benchmark have in common: one thread, one epoll set, and connections that are served whenever
// something happens to them.
//
//   return bench::ServeForEver(argc, argv, 9000, [](int fd) { return new Connection(fd); },
//                              [](Connection& connection) { return Serve(connection); });   // false: it is over
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace bench {

// -1 when the port cannot be had.
inline int Listen(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(static_cast<uint16_t>(port));
  if (bind(listener, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0 || listen(listener, 1024) != 0) return -1;
  return listener;
}

// On the port that is the first argument. `make` gives a connection for a socket, which its destructor closes; `serve`
// reads and writes until neither is possible. Returns only when it cannot begin.
template <typename Make, typename Serve>
int ServeForEver(int argc, char** argv, int usual_port, Make make, Serve serve) {
  const int listener = Listen(argc > 1 ? std::atoi(argv[1]) : usual_port);
  if (listener < 0) {
    std::perror(argv[0]);
    return 1;
  }
  const int set = epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(set, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    epoll_event events[64];
    const int count = epoll_wait(set, events, 64, -1);
    for (int i = 0; i < count; i++) {
      auto* connection = static_cast<decltype(make(0))>(events[i].data.ptr);
      if (connection == nullptr) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        if (fd < 0) continue;
        event.events = EPOLLIN | EPOLLOUT | EPOLLET;
        event.data.ptr = make(fd);
        epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
      } else if (!serve(*connection)) {
        delete connection;
      }
    }
  }
}

}  // namespace bench
