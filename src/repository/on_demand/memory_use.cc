#include "repository/on_demand/memory_use.h"

#include <fmt/format.h>

#include <algorithm>

namespace neso {
namespace {

std::string BytesText(int64_t bytes) {
  constexpr double kKilo = 1000;
  const char* unit = "kB";
  double number = static_cast<double>(std::max<int64_t>(bytes, 0)) / kKilo;
  for (const char* larger : {"MB", "GB", "TB"}) {
    if (number < kKilo) break;
    number /= kKilo;
    unit = larger;
  }
  return fmt::format("{:.1f} {}", number, unit);
}

}  // namespace

MemoryUse& MemoryUse::operator+=(const MemoryUse& other) {
  host += other.host;
  for (const auto& [gpu, bytes] : other.gpus) gpus[gpu] += bytes;
  return *this;
}

MemoryUse& MemoryUse::operator-=(const MemoryUse& other) {
  host -= other.host;
  for (const auto& [gpu, bytes] : other.gpus) gpus[gpu] -= bytes;
  return *this;
}

int64_t MemoryUse::Sum() const {
  int64_t sum = host;
  for (const auto& [gpu, bytes] : gpus) sum += bytes;
  return sum;
}

bool MemoryUse::IsNothing() const {
  return host <= 0 && std::all_of(gpus.begin(), gpus.end(), [](const auto& gpu) { return gpu.second <= 0; });
}

MemoryUse ExcessOver(const MemoryUse& use, const MemoryLimits& limits) {
  MemoryUse excess{.host = std::max<int64_t>(0, use.host - limits.host)};
  for (const auto& [gpu, bytes] : use.gpus) {
    const auto limit = limits.gpus.find(gpu);
    if (limit != limits.gpus.end() && bytes > limit->second) excess.gpus[gpu] = bytes - limit->second;
  }
  return excess;
}

MemoryUse Larger(const MemoryUse& a, const MemoryUse& b) {
  MemoryUse larger = a;
  larger.host = std::max(a.host, b.host);
  for (const auto& [gpu, bytes] : b.gpus) larger.gpus[gpu] = std::max(larger.gpus[gpu], bytes);
  return larger;
}

std::string ToText(const MemoryUse& use) {
  std::string text = BytesText(use.host);
  for (const auto& [gpu, bytes] : use.gpus) {
    if (bytes > 0) text += fmt::format(" and {} of GPU {}", BytesText(bytes), gpu);
  }
  return text;
}

std::string ToText(const MemoryLimits& limits) {
  std::string text = limits.host == MemoryLimits::kNone ? "all there is" : BytesText(limits.host);
  for (const auto& [gpu, bytes] : limits.gpus) text += fmt::format(" and {} of GPU {}", BytesText(bytes), gpu);
  return text;
}

}  // namespace neso
