#include "server/trace_summary_command.h"

#include <algorithm>
#include <cstdio>

#include "base/exit_code.h"
#include "observe/trace_summary.h"

namespace neso {

int SummarizeTraces(const std::vector<std::string>& arguments) {
  std::vector<std::string> files(arguments.begin() + 2, arguments.end());
  const bool shows_tensors = std::erase(files, "--tensors") > 0;
  const auto option = std::find_if(files.begin(), files.end(), [](const auto& word) { return word.starts_with("-"); });
  if (files.empty() || option != files.end()) {
    std::fputs("error: expected neso trace-summary [--tensors] FILE...\n", stderr);
    return kMisused;
  }
  TraceSummary summary(shows_tensors);
  int exit_code = kDone;
  for (const std::string& file : files) {
    const Status added = summary.AddFile(file);
    if (added.ok()) continue;
    std::fprintf(stderr, "error: %s\n", added.message().c_str());
    exit_code = kFailed;
  }
  std::fputs(summary.Text().c_str(), stdout);
  return exit_code;
}

}  // namespace neso
