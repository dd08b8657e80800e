#include "repository/on_demand/memory_reader.h"

#include <link.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "base/memory_budget.h"

namespace neso {
namespace {

// As much is no matter: giving it back would take longer than a small load.
constexpr int64_t kNoMatter = 1'000'000;
// What malloc keeps at the ends of its arenas, whatever it is asked: up to twice its largest threshold for mapping.
constexpr int64_t kArenaEnds = 64 << 20;

struct Pages {
  int64_t resident = 0, shared = 0;
};

// Source: proc(5), statm.
Pages PagesOf(const std::string& process) {
  std::ifstream statm("/proc/" + process + "/statm");
  int64_t size = 0;
  Pages pages;
  statm >> size >> pages.resident >> pages.shared;
  return pages;
}

// The processes that this one's threads have started, and those that they have. Where the kernel does not tell
// (CONFIG_PROC_CHILDREN) there are none.
std::vector<std::string> ChildrenOf(const std::string& process) {
  std::vector<std::string> children;
  std::error_code error;
  const std::filesystem::directory_iterator end;
  for (std::filesystem::directory_iterator task("/proc/" + process + "/task", error); !error && task != end;
       task.increment(error)) {
    std::ifstream list(task->path() / "children");
    for (std::string child; list >> child;) children.push_back(child);
  }
  return children;
}

// Asked of the kernel at once: what follows opens a file for each thread of the process.
bool HasChildren() {
  siginfo_t ended{};
  return waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

int64_t PrivatePagesBelow(const std::string& process, int depth = 0) {
  constexpr int kMaxDepth = 8;  // processes come and go meanwhile, and their numbers are used again
  if (depth == kMaxDepth) return 0;
  int64_t pages = 0;
  for (const std::string& child : ChildrenOf(process)) {
    const Pages own = PagesOf(child);
    pages += own.resident - own.shared + PrivatePagesBelow(child, depth + 1);
  }
  return pages;
}

uint64_t OpenedLibraries() {
  uint64_t opened = 0;
  // All entries have the same count.
  dl_iterate_phdr(
      [](dl_phdr_info* library, size_t, void* count) {
        *static_cast<uint64_t*>(count) = library->dlpi_adds;
        return 1;
      },
      &opened);
  return opened;
}

// What has become resident although malloc has neither given out nor been given back as much: mapped by somebody else, or a
// copy, that a file was parsed from for instance, in memory that malloc had given back to the system before.
int64_t Unexplained(const MemoryReading& before, const MemoryReading& after) {
  return after.resident - before.resident - std::max<int64_t>(0, after.heap - before.heap) -
         std::max<int64_t>(0, after.free - before.free);
}

}  // namespace

MemoryReading SystemMemory::Read() const {
  const auto page = static_cast<int64_t>(sysconf(_SC_PAGESIZE));
  const auto requests = static_cast<int64_t>(MemoryBudget::OfProcess().UsedApprox());
  const struct mallinfo2 heap = mallinfo2();
  MemoryReading reading;
  reading.heap = static_cast<int64_t>(heap.uordblks + heap.hblkhd) - requests;
  reading.free = static_cast<int64_t>(heap.fordblks);
  const Pages own = PagesOf("self");
  reading.resident = (own.resident - own.shared) * page - requests;
  reading.children = HasChildren() ? PrivatePagesBelow("self") * page : 0;
  reading.opened_libraries = OpenedLibraries();
  if (read_gpus_) reading.gpus = read_gpus_();
  return reading;
}

MemoryReading SystemMemory::ReadAfter(const MemoryReading& before) const {
  MemoryReading after = Read();
  const int64_t unexplained = Unexplained(before, after);
  if (unexplained <= kNoMatter || after.free < unexplained / 2) return after;
  malloc_trim(0);
  after = Read();
  after.resident -= std::clamp<int64_t>(Unexplained(before, after), 0, std::min(after.free, kArenaEnds));
  return after;
}

}  // namespace neso
