#include "server/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <initializer_list>

namespace neso {

void OccupyClosedStreams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) >= 0) continue;
    // The lowest that is free, which is this one. It can be used the other way round only.
    [[maybe_unused]] const int opened = open("/dev/null", (stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
  }
}

}  // namespace neso
