#include "perf/profile/token_times.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace neso::perf {
namespace {

double Ms(TimePoint from, TimePoint to) { return std::chrono::duration<double, std::milli>(to - from).count(); }

// Numbers while they are collected; what a request has not is left out.
struct Columns {
  std::vector<double> first_ms, second_ms, request_ms, between_ms, tokens_per_s_of_one, tokens, words;

  void Add(const Sample& sample) {
    first_ms.push_back(Ms(sample.begin, sample.end));
    request_ms.push_back(Ms(sample.begin, sample.last_end()));
    tokens.push_back(static_cast<double>(sample.answers));
    if (sample.answers < 2) return;
    second_ms.push_back(Ms(sample.end, sample.second));
    between_ms.push_back(Ms(sample.end, sample.last) / static_cast<double>(sample.answers - 1));
    if (between_ms.back() > 0) tokens_per_s_of_one.push_back(1e3 / between_ms.back());
  }
};

}  // namespace

Spread::Spread(std::vector<double> numbers) : sorted_(std::move(numbers)) { std::ranges::sort(sorted_); }

double Spread::Average() const {
  return empty() ? 0 : std::accumulate(sorted_.begin(), sorted_.end(), 0.0) / static_cast<double>(sorted_.size());
}

TokenTimes TokenTimesOf(const Measured& measured, std::span<const size_t> words) {
  Columns columns;
  for (const Window& window : measured.windows) {
    for (const Sample& sample : window.samples) {
      if (sample.answers == 0) continue;
      columns.Add(sample);
      columns.words.push_back(static_cast<double>(words[sample.turn.request]));
    }
  }
  const double all_tokens = std::accumulate(columns.tokens.begin(), columns.tokens.end(), 0.0);
  const auto requests = columns.tokens.size();
  return {.first_ms = Spread(std::move(columns.first_ms)),
          .second_ms = Spread(std::move(columns.second_ms)),
          .request_ms = Spread(std::move(columns.request_ms)),
          .between_ms = Spread(std::move(columns.between_ms)),
          .tokens_per_s_of_one = Spread(std::move(columns.tokens_per_s_of_one)),
          .tokens = Spread(std::move(columns.tokens)),
          .words = Spread(std::move(columns.words)),
          .tokens_per_s = measured.seconds > 0 ? all_tokens / measured.seconds : 0,
          .requests_per_s = measured.seconds > 0 ? static_cast<double>(requests) / measured.seconds : 0,
          .requests = requests};
}

}  // namespace neso::perf
