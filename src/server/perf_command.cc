#include "server/perf_command.h"

#include <cstdio>

#include "base/own_library.h"

namespace neso {

int OpenPerf(const std::vector<std::string>& arguments) {
  using Entry = int (*)(const std::vector<std::string>& arguments);
  const Expected<const Entry*> entry =
      OpenOwnLibrary<Entry>("libneso_perf.so", "neso_perf_entry", fmt::format("neso {} cannot be had", arguments[1]));
  if (entry) return (**entry)(arguments);
  std::fprintf(stderr, "error: %s\n", entry.error().message().c_str());
  return 99;
}

}  // namespace neso
