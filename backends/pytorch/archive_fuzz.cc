// Any file is read to its end or refused, within its size.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "archive.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const int file = memfd_create("archive_fuzz", 0);
  if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) std::abort();
  const neso::backend::Status checked = neso::pytorch::CheckArchive("/proc/self/fd/" + std::to_string(file));
  if (!checked.ok() && checked.message().empty()) std::abort();
  return 0;
}
