#include "engine/missing_behaviour.h"

#include <fmt/format.h>

#include "engine/check_options.h"

namespace neso {
namespace {

struct MissingRow {
  const char* option;
  bool (*is_asked_for)(const ServerOptions& options);
  const char* what;
};

constexpr MissingRow kMissing[] = {
    {"metrics-config summary_latencies",
     [](const ServerOptions& o) { return MetricsSetting(o, "summary_latencies", "false") == "true"; },
     "latency summaries"},
};

}  // namespace

std::string MissingLine(const char* option, const char* what) {
  return fmt::format("--{}: this server does not have {} yet", option, what);
}

std::vector<std::string> MissingBehaviour(const ServerOptions& options) {
  std::vector<std::string> lines;
  for (const MissingRow& row : kMissing) {
    if (row.is_asked_for(options)) lines.push_back(MissingLine(row.option, row.what));
  }
  return lines;
}

}  // namespace neso
