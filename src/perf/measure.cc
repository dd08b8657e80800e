#include "perf/measure.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <thread>
#include <tuple>
#include <utility>

#include "perf/interrupt.h"

namespace neso::perf {
namespace {

constexpr size_t kAgreeing = 3;
constexpr double kWindowPerInterval = 1.2;

bool IsWithin(double least, double most, double stability) { return least > 0 && most / least <= 1 + stability; }

Status Fill(Load& load, const Options& options) {
  if (options.request_count > 0) return RunUntil(load, options.request_count);
  if (options.mode == MeasurementMode::kTimeWindows)
    return RunFor(load, std::chrono::duration_cast<Nanoseconds>(options.interval * kWindowPerInterval));
  const size_t first = load.samples().size();
  do {
    RETURN_IF_ERROR(RunFor(load, std::chrono::seconds(1)));
  } while (load.samples().size() - first < options.window_requests && !InterruptWatch::HasCome());
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
  for (const Sample& sample : samples) answers += sample.answers;
  measured.responses = seconds > 0 ? static_cast<double>(answers) / seconds : 0;
  measured.latencies = LatenciesOf(samples);
  measured.windows.assign(windows.begin(), windows.end());
}

struct Moment {
  TimePoint time;
  size_t samples = 0;  // so many had ended
};

// Where a window begins or ends.
struct Mark : Moment {
  ServerCounts server = {};
};

Moment Now(const Load& load) { return {.time = std::chrono::steady_clock::now(), .samples = load.samples().size()}; }

// While another thread does its `part`, the load goes on. If it stood still, an answer that came would be read late,
// with too long a latency, and what was to be sent would be late, too. Returns the moments that it saw. Error: that of
// the load.
template <typename Result>
Expected<std::vector<Moment>> GoOnDuring(const std::future<Result>& part, Load& load) {
  constexpr std::chrono::microseconds kLook{100};
  std::vector<Moment> moments = {Now(load)};
  while (part.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    RETURN_IF_ERROR(load.RunFor(kLook));
    moments.push_back(Now(load));
  }
  return moments;
}

// In the middle of the time that the server takes to tell its counts.
Expected<Mark> MarkMeanwhile(Load& load, const Counter& counter) {
  if (!counter) return Mark{Now(load)};
  std::future<Expected<ServerCounts>> counts = std::async(std::launch::async, counter);
  const Expected<std::vector<Moment>> moments = GoOnDuring(counts, load);
  Expected<ServerCounts> counted = counts.get();
  RETURN_IF_ERROR(moments.status());  // whose cause may be that of the other's as well, and says more
  ASSIGN_OR_RETURN(ServerCounts server, std::move(counted));
  return Mark{(*moments)[moments->size() / 2], std::move(server)};
}

// Of so many requests, the first of which is under way: the window begins with it, not when the server was asked.
Expected<Mark> MarkFirst(const Load& load, const Counter& counter) {
  Mark mark{{.time = load.began(), .samples = load.samples().size()}};
  if (counter) {
    ASSIGN_OR_RETURN(mark.server, counter());
  }
  return mark;
}

// Behind the last one. The server counts a request a moment after it has answered it.
Expected<Mark> MarkLast(const Load& load, const Mark& first, const Counter& counter) {
  constexpr std::chrono::milliseconds kPatience{100}, kPause{1};
  Mark mark{Now(load)};
  while (counter) {
    ASSIGN_OR_RETURN(mark.server, counter());
    const bool is_complete = (mark.server - first.server).success.count >= mark.samples - first.samples;
    if (is_complete || std::chrono::steady_clock::now() >= mark.time + kPatience) return mark;
    std::this_thread::sleep_for(kPause);
  }
  return mark;
}

bool AreOver(std::span<const Window> windows, const Options& options) {
  if (options.latency_limit.count() == 0) return false;
  const double limit_us = std::chrono::duration<double, std::micro>(options.latency_limit).count();
  return std::ranges::all_of(windows, [&](const Window& window) {
    return SteadyLatency(LatenciesOf(window.samples), options.percentile) > limit_us;
  });
}

struct Judgement {
  bool is_over_limit = false, is_stable = false;
};

// Of the last windows. Those before them are not needed any more, but for their number.
Judgement JudgeLast(std::span<Window> windows, const Options& options) {
  if (windows.size() < kAgreeing) return {};
  if (windows.size() > kAgreeing) windows[windows.size() - kAgreeing - 1].samples = {};
  return {.is_over_limit = AreOver(windows.last(kAgreeing), options),
          .is_stable = AreStable(windows, options.stability, options.percentile)};
}

std::string PassText(size_t number, const Window& window, const Options& options) {
  const Latencies latencies = LatenciesOf(window.samples);
  return fmt::format("  Pass [{}] throughput: {:.4g} infer/sec. Avg latency: {:.0f} usec (std {:.0f} usec). ", number,
                     RequestRate(window) * static_cast<double>(options.batch), latencies.average_us,
                     latencies.deviation_us);
}

}  // namespace

std::set<int> PercentsOf(const Options& options) {
  std::set<int> percents = {50, 90, 95, 99};
  if (options.percentile > 0) percents.insert(options.percentile);
  return percents;
}

double RequestRate(const Window& window) {
  return window.seconds() > 0 ? static_cast<double>(window.samples.size()) / window.seconds() : 0;
}

Expected<Window> MeasureWindow(Load& load, const Options& options, const Counter& counter) {
  const bool is_all = options.request_count > 0;
  ASSIGN_OR_RETURN(const Mark begin, is_all ? MarkFirst(load, counter) : MarkMeanwhile(load, counter));
  RETURN_IF_ERROR(Fill(load, options));
  ASSIGN_OR_RETURN(const Mark end, is_all ? MarkLast(load, begin, counter) : MarkMeanwhile(load, counter));
  const auto sample = [&load](const Mark& mark) {
    return load.samples().begin() + static_cast<std::ptrdiff_t>(mark.samples);
  };
  return Window{.begin = begin.time,
                .end = end.time,
                .samples = {sample(begin), sample(end)},
                .server = end.server - begin.server};
}

double PercentileOf(std::span<const double> sorted, double percent) {
  if (sorted.empty()) return 0;
  const double rank = std::ceil(percent / 100 * static_cast<double>(sorted.size()));
  return sorted[static_cast<size_t>(std::max(rank, 1.0)) - 1];
}

double DeviationOf(std::span<const double> numbers, double average) {
  if (numbers.size() < 2) return 0;
  double squares = 0;
  for (const double number : numbers) squares += (number - average) * (number - average);
  return std::sqrt(squares / static_cast<double>(numbers.size() - 1));
}

void Latencies::KeepPercentiles() {
  std::vector<double> percentiles;
  for (int percent = 1; percent <= 100 && !sorted_us.empty(); percent++) percentiles.push_back(Percentile(percent));
  sorted_us = std::move(percentiles);
}

void Measured::ForgetRequests() {
  windows.clear();
  latencies.KeepPercentiles();
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
  latencies.deviation_us = DeviationOf(latencies.sorted_us, latencies.average_us);
  return latencies;
}

double SteadyLatency(const Latencies& latencies, int percentile) {
  return percentile < 0 ? latencies.average_us : latencies.Percentile(percentile);
}

bool IsGood(const Measured& measured, const Options& options) {
  const double limit_us = std::chrono::duration<double, std::micro>(options.latency_limit).count();
  return limit_us == 0 || SteadyLatency(measured.latencies, options.percentile) <= limit_us;
}

bool HasLatency(const Measured& measured) {
  return std::ranges::none_of(measured.windows, [](const Window& window) { return window.samples.empty(); });
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
    std::future<Judgement> judging = std::async(std::launch::async, [&] {
      say(PassText(windows.size(), windows.back(), options));
      return JudgeLast(windows, options);
    });
    // Of a load that has failed meanwhile these windows are right, and the next one has its error.
    std::ignore = GoOnDuring(judging, load);
    const Judgement judgement = judging.get();
    measured.is_interrupted = InterruptWatch::HasCome();
    if (measured.is_interrupted) break;
    measured.is_over_limit = judgement.is_over_limit;
    measured.is_stable = judgement.is_stable || options.request_count > 0;
    if (measured.is_stable || measured.is_over_limit) break;
  }
  const std::span<const Window> last = std::span(windows).last(std::min(windows.size(), kAgreeing));
  Merge(last, options, measured);
  const size_t sent = std::max<size_t>(1, load.samples().size() - first);
  measured.delayed_share = static_cast<double>(load.delayed() - delayed) / static_cast<double>(sent);
  return measured;
}

}  // namespace neso::perf
