#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace neso {

void CheckFailed(const char* file, int line, const char* condition, const char* why) {
  std::fprintf(stderr, "%s:%d: broken invariant '%s': %s\n", file, line, condition, why);
  std::abort();
}

}  // namespace neso
