#include "backend/host_policy.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <map>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

namespace neso {
namespace {

constexpr int kMaxCores = CPU_SETSIZE;
constexpr int kMaxNodes = 64;
// MPOL_BIND of linux/mempolicy.h; libnuma would be a dependency for one number.
constexpr int kMemoryBind = 2;

bool ParseNumber(std::string_view text, int limit, int& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 0 && number < limit;
}

bool SetCoresOfThread(const std::vector<int>& cores) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int core : cores) CPU_SET(core, &set);
  return sched_setaffinity(0, sizeof(set), &set) == 0;
}

bool SetMemoryNode(int node) {
  const unsigned long mask = 1ul << node;
  return syscall(SYS_set_mempolicy, kMemoryBind, &mask, static_cast<unsigned long>(kMaxNodes) + 1) == 0;
}

}  // namespace

Expected<std::vector<int>> ParseCpuCores(const std::string& text) {
  std::vector<int> cores;
  for (std::string_view piece : Split(text, ',')) {
    const size_t dash = piece.find('-');
    int first = 0;
    int last = 0;
    const bool parsed = dash == std::string_view::npos
                            ? ParseNumber(piece, kMaxCores, first) && ((last = first), true)
                            : ParseNumber(piece.substr(0, dash), kMaxCores, first) &&
                                  ParseNumber(piece.substr(dash + 1), kMaxCores, last) && first <= last;
    if (!parsed) {
      return InvalidArg("host policy setting 'cpu-cores' expects cores and ranges as in '0-3,8', got '{}'", text);
    }
    for (int core = first; core <= last; ++core) cores.push_back(core);
  }
  return cores;
}

Expected<HostPolicy> HostPolicy::Make(const std::string& name, const BackendSettings* settings) {
  HostPolicy policy;
  policy.name_ = name;
  std::map<std::string, std::string> sorted;
  if (settings != nullptr) {
    for (const auto& [setting, value] : *settings) sorted[setting] = value;
  }
  policy.json_ = "{" + JsonQuoted(name) + ":{";
  for (const auto& [setting, value] : sorted) {
    if (setting == "cpu-cores") {
      ASSIGN_OR_RETURN(policy.cores_, ParseCpuCores(value));
    } else if (setting == "numa-node") {
      if (!ParseNumber(value, kMaxNodes, policy.numa_node_)) {
        return InvalidArg("host policy setting 'numa-node' expects a node's number, got '{}'", value);
      }
    } else {
      return InvalidArg("Unsupported host policy setting '{}', supported settings are 'numa-node', 'cpu-cores'",
                        setting);
    }
    if (policy.json_.back() != '{') policy.json_ += ',';
    policy.json_ += JsonQuoted(setting) + ":" + JsonQuoted(value);
  }
  policy.json_ += "}}";
  return policy;
}

void HostPolicy::BindThread() const {
  if (!cores_.empty() && !SetCoresOfThread(cores_)) {
    LOG_WARNING("host policy '{}': threads cannot be bound to the cores it names", name_);
  }
  if (numa_node_ >= 0 && !SetMemoryNode(numa_node_)) {
    LOG_WARNING("host policy '{}': memory cannot be bound to NUMA node {}", name_, numa_node_);
  }
}

}  // namespace neso
