// A listening socket that somebody else has made.
#pragma once

namespace neso::net {

struct GivenSocket {
  int fd = -1;  // negative: there is none, and the server makes its own
  // Its maker makes way: the socket ends with us, and so does the file of a Unix-domain socket. Otherwise somebody keeps
  // it, and listens on it when we do not any more.
  bool is_ours_alone = false;
};

}  // namespace neso::net
