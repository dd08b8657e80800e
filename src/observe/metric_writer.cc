#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <limits>

#include "observe/metric_registry.h"

namespace neso {
namespace {

const char* KindName(MetricKind kind) {
  constexpr const char* kNames[] = {"counter", "gauge", "histogram", "summary"};
  return kNames[static_cast<int>(kind)];
}

void AppendEscaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

void AppendValue(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "Nan";
  } else if (std::isinf(value)) {
    out += value < 0 ? "-Inf" : "+Inf";
  } else {
    char text[32];
    // 16 digits, as the library that users' dashboards grew up with prints them.
    out.append(text, static_cast<size_t>(std::snprintf(text, sizeof text, "%.16g", value)));
  }
}

}  // namespace

void MetricWriter::BeginFamily(std::string_view name, std::string_view help, MetricKind kind) {
  if (!help.empty()) {
    text_ += "# HELP ";
    text_ += name;
    text_ += ' ';
    AppendEscaped(text_, help, false);
    text_ += '\n';
  }
  text_ += "# TYPE ";
  text_ += name;
  text_ += ' ';
  text_ += KindName(kind);
  text_ += '\n';
}

void MetricWriter::AppendHead(std::string_view name, const MetricLabels& labels, const LastLabel* last) {
  text_ += name;
  if (!labels.empty() || last != nullptr) {
    char separator = '{';
    for (const auto& [label, value] : labels) {
      text_ += separator;
      text_ += label;
      text_ += "=\"";
      AppendEscaped(text_, value, true);
      text_ += '"';
      separator = ',';
    }
    if (last != nullptr) {
      text_ += separator;
      text_ += last->name;
      text_ += "=\"";
      AppendValue(text_, last->value);
      text_ += '"';
    }
    text_ += '}';
  }
  text_ += ' ';
}

void MetricWriter::Line(std::string_view name_with_suffix, const MetricLabels& labels, double value) {
  AppendHead(name_with_suffix, labels);
  AppendValue(text_, value);
  text_ += '\n';
}

void MetricWriter::Line(std::string_view name_with_suffix, const MetricLabels& labels, uint64_t value) {
  AppendHead(name_with_suffix, labels);
  const fmt::format_int digits(value);
  text_.append(digits.data(), digits.size());
  text_ += '\n';
}

void MetricWriter::Histogram(std::string_view name, const MetricLabels& labels, std::span<const double> bounds,
                             std::span<const uint64_t> counts, double sum) {
  const std::string base(name);
  uint64_t total = 0;
  for (const uint64_t count : counts) total += count;
  Line(base + "_count", labels, total);
  Line(base + "_sum", labels, sum);

  const std::string bucket = base + "_bucket";
  uint64_t cumulated = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    cumulated += counts[i];
    const LastLabel le{"le", i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity()};
    AppendHead(bucket, labels, &le);
    AppendValue(text_, static_cast<double>(cumulated));
    text_ += '\n';
  }
}

void MetricWriter::Summary(std::string_view name, const MetricLabels& labels,
                           std::span<const std::pair<double, double>> quantiles, uint64_t count, uint64_t sum) {
  const std::string base(name);
  Line(base + "_count", labels, count);
  Line(base + "_sum", labels, sum);
  for (const auto& [quantile, value] : quantiles) {
    const LastLabel label{"quantile", quantile};
    AppendHead(name, labels, &label);
    AppendValue(text_, value);
    text_ += '\n';
  }
}

}  // namespace neso
