// A disk that does not answer, for a test to preload into the server: while the file $NESO_SLOW_DISK is there, no
// folder can be listed.
#include <dirent.h>
#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>

extern "C" DIR* fdopendir(int fd) {
  static const auto real = reinterpret_cast<DIR* (*)(int)>(dlsym(RTLD_NEXT, "fdopendir"));
  const char* const gate = std::getenv("NESO_SLOW_DISK");
  while (gate != nullptr && access(gate, F_OK) == 0) usleep(50'000);  // hundreds of threads wait so
  return real(fd);
}
