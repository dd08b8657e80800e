#include "command/top_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/display_width.h"
#include "base/json.h"
#include "base/text.h"

namespace neso::command {
namespace {

using client::MetricFamily;
using client::MetricSample;

constexpr double kGib = 1024.0 * 1024 * 1024;

const MetricFamily* FindFamily(const std::vector<MetricFamily>& families, std::string_view name) {
  const auto found = std::ranges::find(families, name, &MetricFamily::name);
  return found == families.end() || found->samples.empty() ? nullptr : &*found;
}

// By name and version: there may be thousands.
using ModelKey = std::pair<std::string_view, std::string_view>;

ModelKey KeyOf(const ModelStatistics& model) { return {model.name, model.version}; }

std::map<ModelKey, int64_t> WaitingIn(const std::vector<MetricFamily>& metrics) {
  std::map<ModelKey, int64_t> waiting;
  const MetricFamily* const pending = FindFamily(metrics, "nv_inference_pending_request_count");
  if (pending == nullptr) return waiting;
  for (const MetricSample& sample : pending->samples)
    waiting.try_emplace({sample.Label("model"), sample.Label("version")}, static_cast<int64_t>(sample.value));
  return waiting;
}

ModelLoad LoadOf(const ModelStatistics& done, double seconds) {
  const auto per_second = [seconds](uint64_t count) { return static_cast<double>(count) / seconds; };
  const auto requests = static_cast<double>(done.success.count);
  const auto of_request = [requests](uint64_t ns) {
    return requests == 0 ? 0 : static_cast<double>(ns) / 1e6 / requests;
  };
  return {.name = done.name,
          .version = done.version,
          .inferences_per_s = per_second(done.inferences),
          .requests_per_s = per_second(done.success.count),
          .failures_per_s = per_second(done.failure.count),
          .batch = done.AverageBatch(),
          .total_ms = of_request(done.success.ns),
          .queue_ms = of_request(done.queue.ns),
          .compute_ms = of_request(done.input.ns + done.infer.ns + done.output.ns)};
}

std::string MemoryText(const std::vector<MetricFamily>& metrics) {
  const MetricFamily* const used = FindFamily(metrics, "nv_cpu_memory_used_bytes");
  const MetricFamily* const total = FindFamily(metrics, "nv_cpu_memory_total_bytes");
  if (used == nullptr || total == nullptr) return "";
  return fmt::format("memory {:.1f} of {:.1f} GiB", used->samples[0].value / kGib, total->samples[0].value / kGib);
}

using Rows = std::vector<std::vector<std::string>>;

constexpr size_t kLongestName = 24, kShortestName = 8;  // columns, where there are too few
// Those that a terminal without room for all does without, one after the other.
constexpr std::array<std::string_view, 7> kLeftOut = {"compute",  "queue",   "batch",  "requests/s",
                                                      "failed/s", "waiting", "version"};
// The head, the lines of the table around the models, the line below, and that of the cursor.
constexpr size_t kOtherLines = 7;

std::string ShortName(const std::string& name, size_t columns) {
  if (DisplayWidth(name) <= columns) return name;
  return std::string(FrontOfWidth(name, columns - 1)) + "…";
}

void ShortenNames(Rows& rows, size_t columns) {
  for (size_t r = 1; r < rows.size(); ++r) rows[r].front() = ShortName(rows[r].front(), columns);
}

void Erase(Rows& rows, size_t column) {
  for (std::vector<std::string>& row : rows) row.erase(row.begin() + static_cast<ptrdiff_t>(column));
}

// Makes the table fit, and names the columns that it lost.
std::vector<std::string> FitInto(size_t width, Rows& rows) {
  std::vector<std::string> lost;
  if (TableWidth(rows) <= width) return lost;
  ShortenNames(rows, kLongestName);
  for (const std::string_view heading : kLeftOut) {
    if (TableWidth(rows) <= width) return lost;
    const auto found = std::ranges::find(rows.front(), heading);
    Erase(rows, static_cast<size_t>(found - rows.front().begin()));
    lost.emplace_back(heading);
  }
  if (TableWidth(rows) > width) ShortenNames(rows, kShortestName);
  return lost;
}

std::string Line(const std::string& text, size_t columns) { return ShortName(text, columns) + "\n"; }

}  // namespace

std::vector<ModelLoad> LoadsBetween(const ServerLook& before, const ServerLook& now) {
  const double seconds = std::max(1e-3, std::chrono::duration<double>(now.at - before.at).count());
  std::map<ModelKey, const ModelStatistics*> earlier;
  for (const ModelStatistics& model : before.models) earlier.try_emplace(KeyOf(model), &model);
  const std::map<ModelKey, int64_t> waiting = WaitingIn(now.metrics);
  std::vector<ModelLoad> loads;
  for (const ModelStatistics& model : now.models) {
    const auto known = earlier.find(KeyOf(model));
    loads.push_back(LoadOf(known == earlier.end() ? model : model.Since(*known->second), seconds));
    if (const auto found = waiting.find(KeyOf(model)); found != waiting.end()) loads.back().waiting = found->second;
  }
  std::ranges::sort(loads, [](const ModelLoad& a, const ModelLoad& b) {
    return std::tuple(-a.inferences_per_s, a.name, a.version) < std::tuple(-b.inferences_per_s, b.name, b.version);
  });
  return loads;
}

std::string MachineText(const std::vector<MetricFamily>& metrics) {
  std::vector<std::string> parts;
  if (const MetricFamily* const cpu = FindFamily(metrics, "nv_cpu_utilization"))
    parts.push_back(fmt::format("CPU {:.0f} %", cpu->samples[0].value * 100));
  if (const std::string memory = MemoryText(metrics); !memory.empty()) parts.push_back(memory);
  if (const MetricFamily* const gpus = FindFamily(metrics, "nv_gpu_utilization")) {
    for (size_t i = 0; i < gpus->samples.size(); i++)
      parts.push_back(fmt::format("GPU {} {:.0f} %", i, gpus->samples[i].value * 100));
  }
  return Join(parts, ", ");
}

std::vector<std::vector<std::string>> TopRows(const std::vector<ModelLoad>& loads) {
  std::vector<std::vector<std::string>> rows = {
      {"model", "version", "infer/s", "requests/s", "failed/s", "batch", "waiting", "ms", "queue", "compute"}};
  const auto number = [](double value) { return fmt::format("{:.{}f}", value, value >= 100 ? 0 : 1); };
  for (const ModelLoad& load : loads) {
    rows.push_back({load.name, load.version, number(load.inferences_per_s), number(load.requests_per_s),
                    number(load.failures_per_s), number(load.batch),
                    load.waiting < 0 ? "-" : std::to_string(load.waiting), fmt::format("{:.2f}", load.total_ms),
                    fmt::format("{:.2f}", load.queue_ms), fmt::format("{:.2f}", load.compute_ms)});
  }
  return rows;
}

std::string TopScreen(const std::string& head, const std::vector<ModelLoad>& loads, double interval_seconds,
                      TerminalSize size) {
  const size_t room = size.rows == 0 ? loads.size() : std::max(size.rows, kOtherLines + 1) - kOtherLines;
  Rows rows = TopRows({loads.begin(), loads.begin() + static_cast<ptrdiff_t>(std::min(room, loads.size()))});
  const std::vector<std::string> lost = FitInto(size.columns, rows);
  std::string foot = fmt::format("every {:g} s; Ctrl-C ends", interval_seconds);
  if (loads.size() > room) foot += fmt::format("; models not shown: {}", loads.size() - room);
  if (!lost.empty()) foot += "; no room for " + Join(lost, ", ");
  return Line(head, size.columns) + DrawTable(rows, size.columns) + Line(foot, size.columns);
}

std::string TopJson(const std::vector<ModelLoad>& loads) {
  std::vector<std::string> models;
  for (const ModelLoad& load : loads) {
    models.push_back(fmt::format(
        R"({{"name":{},"version":{},"inferences_per_s":{:.3f},"requests_per_s":{:.3f},"failures_per_s":{:.3f},"batch":{:.3f},"waiting":{},"total_ms":{:.3f},"queue_ms":{:.3f},"compute_ms":{:.3f}}})",
        JsonQuoted(load.name), JsonQuoted(load.version), load.inferences_per_s, load.requests_per_s,
        load.failures_per_s, load.batch, load.waiting < 0 ? "null" : std::to_string(load.waiting), load.total_ms,
        load.queue_ms, load.compute_ms));
  }
  return "{\"models\":[" + Join(models, ",") + "]}";
}

}  // namespace neso::command
