// How many processors this process may keep busy, and how much memory its control group allows it: what numbers of
// threads and sizes are derived from, in the server and in plug-ins.
//
// Container runtimes limit a process by its control group, of version 1 or 2, which neither std::thread nor the
// affinity mask knows of.
// Source: the kernel's Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst and scheduler/sched-bwc.rst.
#pragma once

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

namespace neso {

struct CgroupLimits {
  std::optional<double> processors;      // the quota of processor time, in processors; absent when there is none
  std::optional<uint64_t> memory_bytes;  // likewise
};

namespace cgroup {

// Version 1 writes a number of pages near 2^63 for "no limit".
inline constexpr uint64_t kNoMemoryLimit = uint64_t{1} << 60;

inline std::optional<std::string> ReadLine(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

inline std::optional<int64_t> ReadNumber(std::string_view text) {
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc()) return std::nullopt;  // "max"
  return number;
}

inline std::optional<int64_t> ReadNumber(const std::filesystem::path& path) {
  const std::optional<std::string> line = ReadLine(path);
  return line ? ReadNumber(std::string_view(*line)) : std::nullopt;
}

template <typename T>
void Tighten(std::optional<T>& limit, T other) {
  limit = limit ? std::min(*limit, other) : other;
}

inline void TightenProcessors(CgroupLimits& limits, std::optional<int64_t> quota, std::optional<int64_t> period) {
  if (!quota || !period || *quota <= 0 || *period <= 0) return;
  Tighten(limits.processors, static_cast<double>(*quota) / static_cast<double>(*period));
}

inline void TightenMemory(CgroupLimits& limits, std::optional<int64_t> bytes) {
  if (!bytes || *bytes <= 0 || static_cast<uint64_t>(*bytes) >= kNoMemoryLimit) return;
  Tighten(limits.memory_bytes, static_cast<uint64_t>(*bytes));
}

// What stands in one group's folder, of whichever version and controller it is.
inline void ReadGroup(const std::filesystem::path& group, CgroupLimits& limits) {
  if (const std::optional<std::string> max = ReadLine(group / "cpu.max")) {  // "<quota> <period>"
    const size_t blank = max->find(' ');
    const std::string_view text = *max;
    if (blank != std::string::npos) {
      TightenProcessors(limits, ReadNumber(text.substr(0, blank)), ReadNumber(text.substr(blank + 1)));
    }
  }
  TightenProcessors(limits, ReadNumber(group / "cpu.cfs_quota_us"), ReadNumber(group / "cpu.cfs_period_us"));
  TightenMemory(limits, ReadNumber(group / "memory.max"));
  TightenMemory(limits, ReadNumber(group / "memory.limit_in_bytes"));
}

// The group, and those above it. A container often sees its own group as the root of the mount, under a path that does
// not exist there: then only the root is read.
inline void ReadGroupsUpwards(const std::filesystem::path& mount, std::filesystem::path path, CgroupLimits& limits) {
  while (true) {
    ReadGroup(mount / path.relative_path(), limits);
    if (!path.has_relative_path()) return;
    path = path.parent_path();
  }
}

}  // namespace cgroup

// The strictest limits on the way from the process's groups up to those that can be seen. `root` is where "proc" and
// "sys" are: "/" but in tests.
inline CgroupLimits ReadCgroupLimits(const std::string& root = "/") {
  CgroupLimits limits;
  const std::filesystem::path mounts = std::filesystem::path(root) / "sys/fs/cgroup";
  std::ifstream file(std::filesystem::path(root) / "proc/self/cgroup");
  std::string line;
  while (std::getline(file, line)) {  // "<hierarchy>:<controllers>:<path>"
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string path = line.substr(second + 1);
    std::istringstream controllers(line.substr(first + 1, second - first - 1));
    std::string controller;
    if (second == first + 1) cgroup::ReadGroupsUpwards(mounts, path, limits);  // version 2 names none
    while (std::getline(controllers, controller, ',')) {
      if (controller == "cpu" || controller == "memory") cgroup::ReadGroupsUpwards(mounts / controller, path, limits);
    }
  }
  return limits;
}

inline size_t ProcessorsInAffinityMask() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<size_t>(std::max(CPU_COUNT(&set), 1));
}

// Of the processors in `set`, those that share a core counted once: more threads than that compute no faster. `root` as
// above. Source: the kernel's Documentation/admin-guide/cputopology.rst.
inline size_t CoresOf(const cpu_set_t& set, const std::string& root = "/") {
  const std::filesystem::path processors = std::filesystem::path(root) / "sys/devices/system/cpu";
  std::set<std::string> cores;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (!CPU_ISSET(i, &set)) continue;
    const std::string name = "cpu" + std::to_string(i);
    cores.insert(cgroup::ReadLine(processors / name / "topology/thread_siblings_list").value_or(name));
  }
  return std::max<size_t>(cores.size(), 1);
}

inline size_t CoresInAffinityMask() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return CoresOf(set);
}

// The rule, pure: a quota of 2.5 processors keeps three busy some of the time.
inline size_t ProcessorsFor(size_t in_affinity_mask, std::optional<double> quota) {
  if (!quota || *quota >= static_cast<double>(in_affinity_mask)) return std::max<size_t>(in_affinity_mask, 1);
  return static_cast<size_t>(std::max(std::ceil(*quota), 1.0));
}

// Those of the affinity mask, or fewer when the control group's quota of processor time is less; at least one. Read
// once: neither changes while a process runs, as a rule.
inline size_t UsableProcessors() {
  static const size_t processors = ProcessorsFor(ProcessorsInAffinityMask(), ReadCgroupLimits().processors);
  return processors;
}

}  // namespace neso
