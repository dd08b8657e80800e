// The floor of HTTP serving: the least an echo of request bodies can do.
//
//   epoll_echo PORT
#include "epoll_http.h"

int main(int argc, char** argv) {
  return bench::ServeHttp(argc, argv, [](std::string_view body, std::string&) { return body; });
}
