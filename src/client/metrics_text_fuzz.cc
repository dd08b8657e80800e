// Metrics of any server: read or refused, never more samples than lines.
#include <cstdint>

#include "base/check.h"
#include "base/text.h"
#include "client/metrics_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto families = neso::client::ParseMetrics(text);
  if (!families) return 0;
  size_t samples = 0;
  for (const neso::client::MetricFamily& family : *families) samples += family.samples.size();
  CHECK(samples <= neso::Split(text, '\n').size(), "a line has one sample at most");
  return 0;
}
