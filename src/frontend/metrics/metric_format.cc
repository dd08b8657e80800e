#include "frontend/metrics/metric_format.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace neso {
namespace {

// Takes what is before `separator` off the front of `text`, without blanks around it.
std::string_view TakeItem(std::string_view& text, char separator) {
  const size_t end = text.find(separator);
  const std::string_view item = TrimBlanks(text.substr(0, end));
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return item;
}

// What "q=0.5" among the parameters says: 1 if nothing does, 0 for what is no number.
double WeightOf(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = TakeItem(parameters, ';');
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
    double weight = 0;
    std::from_chars(parameter.data() + 2, parameter.data() + parameter.size(), weight);
    return weight;
  }
  return 1;
}

struct Weights {
  double text = 0, open_metrics = 0;
};

Weights Read(std::string_view accept) {
  Weights weights;
  double any = 0;
  while (!accept.empty()) {
    std::string_view parameters = TakeItem(accept, ',');
    const std::string_view type = TakeItem(parameters, ';');
    const double weight = WeightOf(parameters);
    if (EqualsIgnoreCaseAscii(type, "application/openmetrics-text")) {
      weights.open_metrics = std::max(weights.open_metrics, weight);
    } else if (EqualsIgnoreCaseAscii(type, "text/plain") || type == "text/*") {
      weights.text = std::max(weights.text, weight);
    } else if (type == "*/*") {
      any = std::max(any, weight);
    }
  }
  weights.text = std::max(weights.text, any);
  return weights;
}

}  // namespace

MetricFormat FormatFor(std::string_view accept, bool prefers_openmetrics) {
  const Weights weights = Read(accept);
  const bool wants = weights.open_metrics > 0 && weights.open_metrics >= weights.text;
  return wants && (prefers_openmetrics || weights.text == 0) ? MetricFormat::kOpenMetrics : MetricFormat::kText;
}

}  // namespace neso
