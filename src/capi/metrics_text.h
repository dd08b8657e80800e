// TRITONSERVER_Metrics: one reading of all metrics.
#pragma once

#include <string>
#include <utility>

#include "core/abi.h"

namespace neso {

class MetricsText final : public TRITONSERVER_Metrics {
 public:
  explicit MetricsText(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }

 private:
  const std::string text_;
};

}  // namespace neso
