// How full the KV cache of a language model is, for load balancers: a header of an answer to those who ask for it.
//
//   endpoint-load-metrics: JSON {"named_metrics":{"kv_cache_utilization":0.25,"max_token_capacity":6400}}
//
// Source: open request cost aggregation (ORCA), and the metrics that TensorRT-LLM's backend keeps.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "observe/metric_registry.h"

namespace neso {

inline constexpr std::string_view kLoadReportFormatHeader = "endpoint-load-metrics-format";
inline constexpr const char* kLoadReportHeader = "endpoint-load-metrics";

// `format` is "json" or "text". From the family nv_trt_llm_kv_cache_block_metrics, in which the label
// kv_cache_block_type tells the blocks in use, all blocks and the tokens of a block apart; over all models that have
// the three. Null for another format, and when no model has them.
std::optional<std::string> LoadReport(std::string_view format, const MetricRegistry& registry);

}  // namespace neso
