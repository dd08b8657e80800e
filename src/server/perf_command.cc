#include "server/perf_command.h"

#include <cstdio>

#include "base/own_library.h"
#include "base/perf_entry.h"
#include "server/descriptor_limit.h"

namespace neso {

int OpenPerf(const std::vector<std::string>& arguments) {
  RaiseDescriptorLimit();  // each request at a time has a connection
  const Expected<const PerfEntry*> entry = OpenOwnLibrary<PerfEntry>(
      "libneso_perf.so", "neso_perf_entry", fmt::format("neso {} cannot be had", arguments[1]));
  if (entry) return (*entry)->run(arguments);
  std::fprintf(stderr, "error: %s\n", entry.error().message().c_str());
  return 99;
}

}  // namespace neso
