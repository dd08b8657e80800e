#include "perf/tune/process_memory.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace neso::perf {
namespace {

namespace fs = std::filesystem;

fs::path FolderOf(pid_t process) { return fs::path("/proc") / std::to_string(process); }

// Source: proc_pid_smaps(5), smaps_rollup. None: it has ended, or is somebody else's.
std::optional<uint64_t> MemoryOf(pid_t process) {
  std::ifstream rollup(FolderOf(process) / "smaps_rollup");
  std::string word;
  uint64_t kilobytes = 0;
  while (rollup >> word) {
    if (word == "Pss:" && rollup >> kilobytes) return kilobytes * 1024;
  }
  return std::nullopt;
}

std::vector<pid_t> ChildrenOf(pid_t process) {
  std::vector<pid_t> children;
  std::error_code gone;
  for (fs::directory_iterator at(FolderOf(process) / "task", gone), end; !gone && at != end; at.increment(gone)) {
    std::ifstream list(at->path() / "children");
    for (pid_t child = 0; list >> child;) children.push_back(child);
  }
  return children;
}

uint64_t MemoryOfChildren(pid_t process) {
  uint64_t bytes = 0;
  for (const pid_t child : ChildrenOf(process)) bytes += MemoryOf(child).value_or(0) + MemoryOfChildren(child);
  return bytes;
}

}  // namespace

Expected<uint64_t> MemoryOfProcesses(pid_t process) {
  const std::optional<uint64_t> own = MemoryOf(process);
  if (!own) return Unavailable("the memory of process {} cannot be found out", process);
  return *own + MemoryOfChildren(process);
}

}  // namespace neso::perf
