#include "perf/options.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace neso::perf {
namespace {

template <typename Number>
std::optional<Number> ReadNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

template <typename Number>
Status TakeNumber(std::string_view text, Number least, Number most, Number& out) {
  const std::optional<Number> number = ReadNumber<Number>(text);
  if (!number || *number < least || *number > most)
    return InvalidArg("expected a number from {} to {}, got '{}'", least, most, text);
  out = *number;
  return {};
}

Status TakeMilliseconds(std::string_view text, std::chrono::milliseconds& out) {
  int64_t count = 0;
  RETURN_IF_ERROR(TakeNumber<int64_t>(text, 1, 86'400'000, count));
  out = std::chrono::milliseconds(count);
  return {};
}

Status TakeRange(std::string_view text, LoadKind kind, Options& options) {
  const std::vector<std::string_view> parts = Split(text, ':');
  double numbers[3] = {1, 1, 1};
  if (parts.size() > 3) return InvalidArg("expected START:END:STEP, got '{}'", text);
  for (size_t i = 0; i < parts.size(); i++) RETURN_IF_ERROR(TakeNumber<double>(parts[i], 0, 1e9, numbers[i]));
  options.range = {numbers[0], parts.size() > 1 ? numbers[1] : numbers[0], numbers[2]};
  if (options.range.start <= 0) return InvalidArg("The start of the search range must be > 0");
  if (options.range.step <= 0) return InvalidArg("The step of the search range must be > 0");
  options.load = kind;
  return {};
}

Status TakeShape(std::string_view text, Options& options) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return InvalidArg("expected NAME:1,2,3, got '{}'", text);
  std::vector<int64_t> shape;
  for (const std::string_view dimension : Split(text.substr(colon + 1), ',')) {
    int64_t size = 0;
    RETURN_IF_ERROR(TakeNumber<int64_t>(dimension, 1, int64_t{1} << 40, size));
    shape.push_back(size);
  }
  options.shapes[std::string(text.substr(0, colon))] = std::move(shape);
  return {};
}

Status TakeHeader(std::string_view text, Options& options) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return InvalidArg("expected NAME:VALUE, got '{}'", text);
  options.headers.emplace_back(text.substr(0, colon), TrimBlanks(text.substr(colon + 1)));
  return {};
}

Status TakeWord(std::string_view text, std::string_view off, std::string_view on, bool& is_on) {
  if (text != off && text != on) return InvalidArg("expected {} or {}, got '{}'", off, on, text);
  is_on = text == on;
  return {};
}

struct Option {
  const char* name;
  char letter;        // 0: none
  const char* value;  // what to call it; null: it has none
  const char* help;
  Status (*take)(std::string_view value, Options& options);
};

// clang-format off
const Option kOptions[] = {
    {"model-name", 'm', "NAME", "the model (required)",
     [](std::string_view v, Options& o) { o.model = v; return Status(); }},
    {"model-version", 'x', "VERSION", "its version (the latest)",
     [](std::string_view v, Options& o) { o.version = v; return Status(); }},
    {"url", 'u', "HOST:PORT", "the server (localhost:8000)",
     [](std::string_view v, Options& o) { o.url = v; return Status(); }},
    {"protocol", 'i', "http", "the protocol; gRPC cannot be measured yet",
     [](std::string_view v, Options&) {
       return EqualsIgnoreCaseAscii(v, "http") ? Status() : InvalidArg("expected http, got '{}': gRPC cannot be measured yet", v); }},
    {"batch-size", 'b', "N", "the batch of each request (1)",
     [](std::string_view v, Options& o) { return TakeNumber<uint64_t>(v, 1, 1 << 20, o.batch); }},
    {"concurrency-range", 0, "START:END:STEP", "so many requests at a time (1:1:1); END 0: until the latency limit",
     [](std::string_view v, Options& o) { return TakeRange(v, LoadKind::kConcurrency, o); }},
    {"request-rate-range", 0, "START:END:STEP", "so many requests a second, whether or not answers keep up",
     [](std::string_view v, Options& o) { return TakeRange(v, LoadKind::kRequestRate, o); }},
    {"request-distribution", 0, "constant|poisson", "the pauses between requests of a rate (constant)",
     [](std::string_view v, Options& o) {
       bool poisson = false;
       RETURN_IF_ERROR(TakeWord(v, "constant", "poisson", poisson));
       o.distribution = poisson ? Distribution::kPoisson : Distribution::kConstant;
       return Status(); }},
    {"measurement-mode", 0, "time_windows|count_windows", "what ends a window (time_windows)",
     [](std::string_view v, Options& o) {
       bool count = false;
       RETURN_IF_ERROR(TakeWord(v, "time_windows", "count_windows", count));
       o.mode = count ? MeasurementMode::kCountWindows : MeasurementMode::kTimeWindows;
       return Status(); }},
    {"measurement-interval", 'p', "MS", "a window lasts 1.2 times that long (5000)",
     [](std::string_view v, Options& o) { return TakeMilliseconds(v, o.interval); }},
    {"measurement-request-count", 0, "N", "a window of count_windows has at least so many requests (50)",
     [](std::string_view v, Options& o) { return TakeNumber<uint64_t>(v, 1, 1'000'000'000, o.window_requests); }},
    {"request-count", 0, "N", "exactly so many requests, in one window (off)",
     [](std::string_view v, Options& o) { return TakeNumber<uint64_t>(v, 0, 1'000'000'000, o.request_count); }},
    {"stability-percentage", 's', "PERCENT", "by which three windows may differ (10)",
     [](std::string_view v, Options& o) {
       RETURN_IF_ERROR(TakeNumber<double>(v, 0.001, 1e6, o.stability));
       o.stability /= 100;
       return Status(); }},
    {"max-trials", 'r', "N", "windows until a load is given up (10)",
     [](std::string_view v, Options& o) { return TakeNumber<uint64_t>(v, 1, 1'000'000, o.max_trials); }},
    {"percentile", 0, "N", "the latency that has to be stable (the average)",
     [](std::string_view v, Options& o) { return TakeNumber<int>(v, 1, 99, o.percentile); }},
    {"latency-threshold", 'l', "MS", "the highest latency to go to (none)",
     [](std::string_view v, Options& o) { return TakeMilliseconds(v, o.latency_limit); }},
    {"find-limit", 0, nullptr, "the highest load whose latency is below --latency-threshold",
     [](std::string_view, Options& o) { o.find_limit = true; return Status(); }},
    {"input-data", 0, "random|zero", "what requests bring (random)",
     [](std::string_view v, Options& o) { return TakeWord(v, "random", "zero", o.zeros); }},
    {"shape", 0, "NAME:1,2,3", "the shape of an input, without its batch; again for others",
     [](std::string_view v, Options& o) { return TakeShape(v, o); }},
    {"string-length", 0, "N", "of random strings (128)",
     [](std::string_view v, Options& o) { return TakeNumber<uint64_t>(v, 0, 1 << 24, o.string_length); }},
    {"string-data", 0, "TEXT", "in place of random strings",
     [](std::string_view v, Options& o) { o.string_data = v; return Status(); }},
    {"header", 'H', "NAME:VALUE", "a header of each request; again for others",
     [](std::string_view v, Options& o) { return TakeHeader(v, o); }},
    {"csv-file", 'f', "FILE", "the results as CSV",
     [](std::string_view v, Options& o) { o.csv_file = v; return Status(); }},
    {"verbose-csv", 0, nullptr, "more columns of it",
     [](std::string_view, Options& o) { o.verbose_csv = true; return Status(); }},
    {"profile-export-file", 0, "FILE", "the times of every request as JSON",
     [](std::string_view v, Options& o) {
       if (std::filesystem::exists(v)) return InvalidArg("Path must not already exist.");
       o.export_file = v;
       return Status(); }},
    {"verbose", 'v', nullptr, "a line for each window",
     [](std::string_view, Options& o) { o.verbose = true; return Status(); }},
};
// clang-format on

// "-m" or "--shape".
std::string NameOf(const Option& option) {
  const bool is_short_only =
      option.letter != 0 && std::string_view("mxubifHv").find(option.letter) != std::string_view::npos;
  return is_short_only ? std::string("-") + option.letter : std::string("--") + option.name;
}

Status Check(const Options& options, bool has_concurrency, bool has_rate) {
  if (options.model.empty()) return InvalidArg("Failed to parse -m (model name). The value must be specified.");
  if (has_concurrency && has_rate)
    return InvalidArg("Cannot use both --concurrency-range and --request-rate-range inference load modes.");
  const bool is_open_ended = options.range.end < options.range.start;
  if ((options.find_limit || is_open_ended) && options.latency_limit.count() == 0)
    return InvalidArg("a search without an end needs --latency-threshold MS, the latency that is still good");
  if (options.request_count > 0 && (!options.range.is_one_point() || options.find_limit))
    return InvalidArg("--request-count is for one load: leave END and --find-limit out");
  return {};
}

}  // namespace

Expected<Options> ParseOptions(const std::vector<std::string>& words) {
  Options options;
  bool has_concurrency = false, has_rate = false;
  for (size_t i = 0; i < words.size(); i++) {
    std::string_view word = words[i];
    const bool is_long = word.starts_with("--");
    if (!word.starts_with('-') || word.size() < 2) return Unknown("Error: Unknown command-line argument.");
    std::optional<std::string_view> value;
    std::string_view name = word.substr(is_long ? 2 : 1);
    if (const size_t equals = name.find('='); is_long && equals != std::string_view::npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    }
    const auto* const option = std::ranges::find_if(kOptions, [&](const Option& known) {
      return is_long ? known.name == name : name.size() == 1 && known.letter == name[0];
    });
    if (option == std::end(kOptions))
      return Unknown("Error: Invalid {} option '{}{}'", is_long ? "long" : "short", is_long ? "--" : "-", name);
    if (option->value != nullptr && !value) {
      if (i + 1 == words.size()) return Unknown("Error: Missing value for option '{}'", word);
      value = words[++i];
    }
    const std::string_view known = option->name;
    has_concurrency |= known == "concurrency-range";
    has_rate |= known == "request-rate-range";
    if (const Status taken = option->take(value.value_or(""), options); !taken.ok())
      return InvalidArg("Failed to parse {}. {}", NameOf(*option), taken.message());
  }
  RETURN_IF_ERROR(Check(options, has_concurrency, has_rate));
  return options;
}

std::string Usage() {
  std::string text = "Usage: neso perf -m NAME [OPTION]...\n\nLoads a server and measures it.\n\n";
  for (const Option& option : kOptions) {
    const std::string letter = option.letter != 0 ? fmt::format("-{}, ", option.letter) : std::string("    ");
    const std::string name = fmt::format("--{} {}", option.name, option.value != nullptr ? option.value : "");
    text += fmt::format("  {}{:<44} {}\n", letter, name, option.help);
  }
  return text;
}

}  // namespace neso::perf
