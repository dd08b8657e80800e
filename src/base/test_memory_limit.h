// Memory that this process cannot have more of, beyond what it has mapped. Not with a sanitizer, which needs address space for
// itself.
//
//   const MemoryLimit limit(16 << 20);
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>

namespace neso {

class MemoryLimit {
 public:
  explicit MemoryLimit(size_t bytes) {
    size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    getrlimit(RLIMIT_AS, &before_);
    const rlimit limited{.rlim_cur = pages * static_cast<size_t>(getpagesize()) + bytes, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_AS, &limited);
  }
  ~MemoryLimit() { setrlimit(RLIMIT_AS, &before_); }
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

 private:
  rlimit before_{};
};

}  // namespace neso
