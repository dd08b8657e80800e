#include "perf/profile/profile_report.h"

#include <fmt/format.h>

#include <array>

#include "base/json.h"

namespace neso::perf {
namespace {

struct Metric {
  const char* label;
  const char* name;  // genai-perf's
  const char* unit;
  Spread TokenTimes::*spread;
};

constexpr std::array kMetrics = {
    Metric{"time to the first token, ms", "time_to_first_token", "ms", &TokenTimes::first_ms},
    Metric{"time to the second token, ms", "time_to_second_token", "ms", &TokenTimes::second_ms},
    Metric{"request latency, ms", "request_latency", "ms", &TokenTimes::request_ms},
    Metric{"from token to token, ms", "inter_token_latency", "ms", &TokenTimes::between_ms},
    Metric{"tokens a second, of one request", "output_token_throughput_per_user", "tokens/sec/user",
           &TokenTimes::tokens_per_s_of_one},
    Metric{"tokens of the answer", "output_sequence_length", "tokens", &TokenTimes::tokens},
    // What is known of a prompt without the model's tokenizer, so it is not called by genai-perf's name.
    Metric{"words of the prompt", "input_words", "words", &TokenTimes::words},
};

constexpr std::array kShown = {99, 90, 75};
constexpr std::array kPercents = {99, 95, 90, 75, 50, 25, 10, 5, 1};

std::string Text(double number) { return fmt::format("{:.2f}", number); }

std::string Number(double number) {
  std::string text;
  AppendJsonDouble(text, number);
  return text;
}

std::string OneNumber(const char* name, const char* unit, double number) {
  return fmt::format(R"("{}":{{"unit":"{}","avg":{}}})", name, unit, Number(number));
}

std::string SpreadJson(const Metric& metric, const Spread& spread) {
  std::string json =
      fmt::format(R"("{}":{{"unit":"{}","avg":{},"min":{},"max":{},"std":{})", metric.name, metric.unit,
                  Number(spread.Average()), Number(spread.Least()), Number(spread.Most()), Number(spread.Deviation()));
  for (const int percent : kPercents) json += fmt::format(R"(,"p{}":{})", percent, Number(spread.Percentile(percent)));
  return json + "}";
}

}  // namespace

std::vector<std::vector<std::string>> TokenRows(const TokenTimes& times) {
  std::vector<std::vector<std::string>> rows = {{"", "average", "least", "most", "p99", "p90", "p75"}};
  for (const Metric& metric : kMetrics) {
    const Spread& spread = times.*metric.spread;
    if (spread.empty()) continue;
    std::vector<std::string>& row = rows.emplace_back();
    row = {metric.label, Text(spread.Average()), Text(spread.Least()), Text(spread.Most())};
    for (const int percent : kShown) row.push_back(Text(spread.Percentile(percent)));
  }
  return rows;
}

std::string TotalsText(const TokenTimes& times) {
  return fmt::format("Output tokens a second: {:.2f}\nRequests a second: {:.2f}\nRequests: {}\n", times.tokens_per_s,
                     times.requests_per_s, times.requests);
}

std::string TokenJson(const TokenTimes& times) {
  std::string json = "{" + OneNumber("request_throughput", "requests/sec", times.requests_per_s) + "," +
                     OneNumber("request_count", "count", static_cast<double>(times.requests)) + "," +
                     OneNumber("output_token_throughput", "tokens/sec", times.tokens_per_s);
  for (const Metric& metric : kMetrics) {
    const Spread& spread = times.*metric.spread;
    if (!spread.empty()) json += "," + SpreadJson(metric, spread);
  }
  return json + "}";
}

}  // namespace neso::perf
