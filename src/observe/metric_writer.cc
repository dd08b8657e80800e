#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <limits>

#include "base/utf8.h"
#include "observe/metric_registry.h"

namespace neso {
namespace {

const char* KindName(MetricKind kind) {
  constexpr const char* kNames[] = {"counter", "gauge", "histogram", "summary"};
  return kNames[static_cast<int>(kind)];
}

// A scraper refuses all metrics for one text that is no UTF-8.
void AppendEscaped(std::string& out, std::string_view text, bool quotes) {
  if (!IsUtf8(text)) return AppendEscaped(out, ToUtf8(text), quotes);
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

// 16 digits, as the library that users' dashboards grew up with prints them.
std::string_view Print(double value, std::array<char, 32>& room) {
  const int size = std::snprintf(room.data(), room.size(), "%.16g", value);
  return {room.data(), static_cast<size_t>(size)};
}

// Of a counter's family in OpenMetrics; its lines have the suffix.
std::string_view WithoutTotal(std::string_view name) {
  if (name.ends_with("_total")) name.remove_suffix(6);
  return name;
}

}  // namespace

const char* ContentTypeOf(MetricFormat format) {
  return format == MetricFormat::kText ? "text/plain; charset=utf-8"
                                       : "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

void MetricWriter::BeginFamily(std::string_view name, std::string_view help, MetricKind kind) {
  kind_ = kind;
  families_.emplace(is_open_metrics_ ? WithoutTotal(name) : name);
  if (is_open_metrics_ && kind == MetricKind::kCounter) name = WithoutTotal(name);
  if (!help.empty()) {
    text_ += "# HELP ";
    text_ += name;
    text_ += ' ';
    AppendEscaped(text_, help, is_open_metrics_);
    text_ += '\n';
  }
  text_ += "# TYPE ";
  text_ += name;
  text_ += ' ';
  text_ += KindName(kind);
  text_ += '\n';
}

bool MetricWriter::HasFamily(std::string_view name) const {
  return families_.contains(is_open_metrics_ ? WithoutTotal(name) : name);
}

void MetricWriter::AppendValue(double value) {
  std::array<char, 32> room;
  if (std::isnan(value)) {
    text_ += is_open_metrics_ ? "NaN" : "Nan";
  } else if (std::isinf(value)) {
    text_ += value < 0 ? "-Inf" : "+Inf";
  } else {
    text_ += Print(value, room);
  }
}

void MetricWriter::AppendInteger(uint64_t value) {
  const fmt::format_int digits(value);
  text_.append(digits.data(), digits.size());
}

void MetricWriter::AppendLabelNumber(double value) {
  const size_t start = text_.size();
  AppendValue(value);
  const bool is_whole = text_.find_first_not_of("-0123456789", start) == std::string::npos;
  if (is_open_metrics_ && is_whole) text_ += ".0";
}

void MetricWriter::AppendHead(std::string_view name, std::string_view suffix, const MetricLabels& labels,
                              const LastLabel* last) {
  text_ += name;
  text_ += suffix;
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
      AppendLabelNumber(last->value);
      text_ += '"';
    }
    text_ += '}';
  }
  text_ += ' ';
}

void MetricWriter::AppendExemplar(const std::optional<Exemplar>& exemplar, double value) {
  if (!is_open_metrics_ || !exemplar) return;
  const TraceKey& trace = exemplar->trace;
  text_ += " # {trace_id=\"";
  if (trace.is_w3c) {
    fmt::format_to(std::back_inserter(text_), "{:016x}{:016x}", trace.high, trace.low);
  } else {
    AppendInteger(trace.low);
  }
  text_ += "\"} ";
  AppendValue(value);
  fmt::format_to(std::back_inserter(text_), " {}.{:03}", exemplar->unix_ms / 1000, exemplar->unix_ms % 1000);
}

void MetricWriter::AppendCreated(std::string_view name, const MetricLabels& labels, uint64_t created_ms) {
  if (!is_open_metrics_ || created_ms == 0) return;
  AppendHead(name, "_created", labels);
  fmt::format_to(std::back_inserter(text_), "{}.{:03}\n", created_ms / 1000, created_ms % 1000);
}

void MetricWriter::EndLine(std::string_view name, const MetricLabels& labels, const MetricNotes& notes) {
  const bool is_counter = kind_ == MetricKind::kCounter;
  if (is_counter) AppendExemplar(notes.exemplar, notes.exemplar ? static_cast<double>(notes.exemplar->value) : 0);
  text_ += '\n';
  if (is_counter) AppendCreated(WithoutTotal(name), labels, notes.created_ms);
}

void MetricWriter::Line(std::string_view name, const MetricLabels& labels, double value, const MetricNotes& notes) {
  const bool adds_total = is_open_metrics_ && kind_ == MetricKind::kCounter && !name.ends_with("_total");
  AppendHead(name, adds_total ? "_total" : "", labels);
  AppendValue(value);
  EndLine(name, labels, notes);
}

void MetricWriter::Line(std::string_view name, const MetricLabels& labels, uint64_t value, const MetricNotes& notes) {
  const bool adds_total = is_open_metrics_ && kind_ == MetricKind::kCounter && !name.ends_with("_total");
  AppendHead(name, adds_total ? "_total" : "", labels);
  AppendInteger(value);
  EndLine(name, labels, notes);
}

void MetricWriter::Histogram(std::string_view name, const MetricLabels& labels, const HistogramLines& histogram) {
  uint64_t total = 0;
  for (const uint64_t count : histogram.counts) total += count;
  AppendHead(name, "_count", labels);
  AppendInteger(total);
  text_ += '\n';
  AppendHead(name, "_sum", labels);
  AppendValue(histogram.sum);
  text_ += '\n';

  uint64_t cumulated = 0;
  for (size_t i = 0; i < histogram.counts.size(); ++i) {
    cumulated += histogram.counts[i];
    const LastLabel le{"le",
                       i < histogram.bounds.size() ? histogram.bounds[i] : std::numeric_limits<double>::infinity()};
    AppendHead(name, "_bucket", labels, &le);
    AppendInteger(cumulated);
    if (i < histogram.exemplars.size() && histogram.exemplars[i]) {
      AppendExemplar(histogram.exemplars[i],
                     static_cast<double>(histogram.exemplars[i]->value) / histogram.exemplar_unit);
    }
    text_ += '\n';
  }
  AppendCreated(name, labels, histogram.created_ms);
}

void MetricWriter::Summary(std::string_view name, const MetricLabels& labels, const SummaryLines& summary) {
  AppendHead(name, "_count", labels);
  AppendInteger(summary.count);
  text_ += '\n';
  AppendHead(name, "_sum", labels);
  AppendInteger(summary.sum);
  text_ += '\n';
  for (const auto& [quantile, value] : summary.quantiles) {
    const LastLabel label{"quantile", quantile};
    AppendHead(name, "", labels, &label);
    AppendValue(value);
    text_ += '\n';
  }
  AppendCreated(name, labels, summary.created_ms);
}

std::string MetricWriter::Take() {
  if (is_open_metrics_) text_ += "# EOF\n";
  return std::move(text_);
}

}  // namespace neso
