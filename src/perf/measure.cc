#include "perf/measure.h"

#include <algorithm>
#include <cmath>
#include <thread>

namespace neso::perf {
namespace {

constexpr size_t kAgreeing = 3;
constexpr double kWindowPerInterval = 1.2;

bool IsWithin(double least, double most, double stability) { return least > 0 && most / least <= 1 + stability; }

Status Fill(Load& load, const Options& options) {
  if (options.request_count > 0) return load.RunUntil(options.request_count);
  if (options.mode == MeasurementMode::kTimeWindows)
    return load.RunFor(std::chrono::duration_cast<Nanoseconds>(options.interval * kWindowPerInterval));
  const size_t first = load.samples().size();
  do {
    RETURN_IF_ERROR(load.RunFor(std::chrono::seconds(1)));
  } while (load.samples().size() - first < options.window_requests);
  return {};
}

void Merge(std::span<const Window> windows, const Options& options, Measured& measured) {
  std::vector<Sample> samples;
  double seconds = 0;
  for (const Window& window : windows) {
    samples.insert(samples.end(), window.samples.begin(), window.samples.end());
    seconds += window.seconds();
    measured.server += window.server;
  }
  measured.requests = samples.size();
  measured.seconds = seconds;
  measured.sequences =
      static_cast<uint64_t>(std::ranges::count_if(samples, [](const Sample& s) { return s.turn.ends; }));
  measured.throughput =
      seconds > 0 ? static_cast<double>(samples.size()) * static_cast<double>(options.batch) / seconds : 0;
  size_t answers = 0;
  for (const Sample& sample : samples) answers += sample.answers();
  measured.responses = seconds > 0 ? static_cast<double>(answers) / seconds : 0;
  measured.latencies = LatenciesOf(samples);
  measured.windows.assign(windows.begin(), windows.end());
}

// The server counts a request a moment after it has answered it. In a run of so many requests, the last answer ends the run.
Expected<ServerCounts> CountsAfter(const ServerCounts& before, const Window& window, const Options& options,
                                   const Counter& counter) {
  constexpr std::chrono::milliseconds kPatience{100}, kPause{1};
  const TimePoint deadline = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    ASSIGN_OR_RETURN(ServerCounts after, counter());
    const bool is_complete =
        options.request_count == 0 || after.success.count - before.success.count >= window.samples.size();
    if (is_complete || std::chrono::steady_clock::now() >= deadline) return after;
    std::this_thread::sleep_for(kPause);
  }
}

bool AreOver(std::span<const Window> windows, const Options& options) {
  if (options.latency_limit.count() == 0) return false;
  const double limit_us = std::chrono::duration<double, std::micro>(options.latency_limit).count();
  return std::ranges::all_of(windows, [&](const Window& window) {
    return SteadyLatency(LatenciesOf(window.samples), options.percentile) > limit_us;
  });
}

}  // namespace

double RequestRate(const Window& window) {
  return window.seconds() > 0 ? static_cast<double>(window.samples.size()) / window.seconds() : 0;
}

Expected<Window> MeasureWindow(Load& load, const Options& options, const Counter& counter) {
  ASSIGN_OR_RETURN(const ServerCounts before, counter());
  const size_t first = load.samples().size();
  Window window{.begin = std::chrono::steady_clock::now(), .end = {}, .samples = {}, .server = {}};
  RETURN_IF_ERROR(Fill(load, options));
  window.end = std::chrono::steady_clock::now();
  window.samples.assign(load.samples().begin() + static_cast<std::ptrdiff_t>(first), load.samples().end());
  ASSIGN_OR_RETURN(const ServerCounts after, CountsAfter(before, window, options, counter));
  window.server = after - before;
  return window;
}

double Latencies::Percentile(double percent) const {
  if (sorted_us.empty()) return 0;
  const double rank = std::ceil(percent / 100 * static_cast<double>(sorted_us.size()));
  return sorted_us[static_cast<size_t>(std::max(rank, 1.0)) - 1];
}

Latencies LatenciesOf(std::span<const Sample> samples) {
  Latencies latencies;
  latencies.sorted_us.reserve(samples.size());
  double sum = 0;
  for (const Sample& sample : samples) {
    latencies.sorted_us.push_back(std::chrono::duration<double, std::micro>(sample.end - sample.begin).count());
    sum += latencies.sorted_us.back();
  }
  if (samples.empty()) return latencies;
  std::ranges::sort(latencies.sorted_us);
  latencies.average_us = sum / static_cast<double>(samples.size());
  double squares = 0;
  for (const double us : latencies.sorted_us) squares += (us - latencies.average_us) * (us - latencies.average_us);
  latencies.deviation_us = samples.size() > 1 ? std::sqrt(squares / static_cast<double>(samples.size() - 1)) : 0;
  return latencies;
}

double SteadyLatency(const Latencies& latencies, int percentile) {
  return percentile < 0 ? latencies.average_us : latencies.Percentile(percentile);
}

bool IsGood(const Measured& measured, const Options& options) {
  const double limit_us = std::chrono::duration<double, std::micro>(options.latency_limit).count();
  return limit_us == 0 || SteadyLatency(measured.latencies, options.percentile) <= limit_us;
}

bool AreStable(std::span<const Window> windows, double stability, int percentile) {
  if (windows.size() < kAgreeing) return false;
  std::vector<double> throughputs, latencies;
  for (const Window& window : windows.last(kAgreeing)) {
    throughputs.push_back(RequestRate(window));
    latencies.push_back(SteadyLatency(LatenciesOf(window.samples), percentile));
  }
  const auto [slowest, fastest] = std::ranges::minmax(throughputs);
  const auto [shortest, longest] = std::ranges::minmax(latencies);
  return IsWithin(slowest, fastest, stability) && IsWithin(shortest, longest, stability);
}

Expected<Measured> Measure(Load& load, const Options& options, const Counter& counter,
                           const std::function<void(const std::string& line)>& say) {
  Measured measured;
  const uint64_t delayed = load.delayed();
  const size_t first = load.samples().size();
  std::vector<Window> windows;
  const uint64_t trials = options.request_count > 0 ? 1 : options.max_trials;
  while (windows.size() < trials) {
    ASSIGN_OR_RETURN(windows.emplace_back(), MeasureWindow(load, options, counter));
    const Latencies latencies = LatenciesOf(windows.back().samples);
    say(fmt::format("  Pass [{}] throughput: {:.4g} infer/sec. Avg latency: {:.0f} usec (std {:.0f} usec). ",
                    windows.size(), RequestRate(windows.back()) * static_cast<double>(options.batch),
                    latencies.average_us, latencies.deviation_us));
    if (options.request_count > 0) {
      measured.is_stable = true;
      break;
    }
    if (windows.size() < kAgreeing) continue;
    measured.is_over_limit = AreOver(std::span(windows).last(kAgreeing), options);
    measured.is_stable = AreStable(windows, options.stability, options.percentile);
    if (measured.is_stable || measured.is_over_limit) break;
  }
  const std::span<const Window> last = std::span(windows).last(std::min(windows.size(), kAgreeing));
  Merge(last, options, measured);
  const size_t sent = std::max<size_t>(1, load.samples().size() - first);
  measured.delayed_share = static_cast<double>(load.delayed() - delayed) / static_cast<double>(sent);
  return measured;
}

}  // namespace neso::perf
