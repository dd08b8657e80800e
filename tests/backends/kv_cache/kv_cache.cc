// Answers OUT = IN, and keeps the metrics of a language model's KV cache as TensorRT-LLM's backend does: 100 blocks of
// 64 tokens, IN of them used. A model whose name contains "partial" does not tell how many tokens a block has.
#include "../common/plugin.h"

namespace {

// The metrics of an instance.
struct Blocks {
  TRITONSERVER_MetricFamily* family = nullptr;
  TRITONSERVER_Metric* used = nullptr;
  TRITONSERVER_Metric* max = nullptr;
  TRITONSERVER_Metric* tokens_per = nullptr;
};

TRITONSERVER_Error* MakeMetric(const Blocks& blocks, const std::string& model, const char* type, double value,
                               TRITONSERVER_Metric** metric) {
  TRITONSERVER_Parameter* labels[] = {
      TRITONSERVER_ParameterNew("kv_cache_block_type", TRITONSERVER_PARAMETER_STRING, type),
      TRITONSERVER_ParameterNew("model", TRITONSERVER_PARAMETER_STRING, model.c_str()),
      TRITONSERVER_ParameterNew("version", TRITONSERVER_PARAMETER_STRING, "1"),
  };
  TRITONSERVER_Error* error =
      TRITONSERVER_MetricNew(metric, blocks.family, const_cast<const TRITONSERVER_Parameter**>(labels), 3);
  for (TRITONSERVER_Parameter* label : labels) TRITONSERVER_ParameterDelete(label);
  RETURN_IF_API_ERROR(error);
  return TRITONSERVER_MetricSet(*metric, value);
}

}  // namespace

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceInitialize(TRITONBACKEND_ModelInstance* instance) {
  auto* blocks = new Blocks;
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceSetState(instance, blocks));
  RETURN_IF_API_ERROR(TRITONSERVER_MetricFamilyNew(&blocks->family, TRITONSERVER_METRIC_KIND_GAUGE,
                                                   "nv_trt_llm_kv_cache_block_metrics", "KV cache blocks"));
  const std::string model = plugin::ModelName(instance);
  RETURN_IF_API_ERROR(MakeMetric(*blocks, model, "used", 0, &blocks->used));
  RETURN_IF_API_ERROR(MakeMetric(*blocks, model, "max", 100, &blocks->max));
  if (plugin::NameContains(model, "partial")) return nullptr;
  return MakeMetric(*blocks, model, "tokens_per", 64, &blocks->tokens_per);
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceFinalize(TRITONBACKEND_ModelInstance* instance) {
  void* state = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceState(instance, &state));
  auto* blocks = static_cast<Blocks*>(state);
  for (TRITONSERVER_Metric* metric : {blocks->used, blocks->max, blocks->tokens_per}) {
    if (metric != nullptr) plugin::Ignore(TRITONSERVER_MetricDelete(metric));
  }
  plugin::Ignore(TRITONSERVER_MetricFamilyDelete(blocks->family));
  delete blocks;
  return nullptr;
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance* instance,
                                                       TRITONBACKEND_Request** requests, const uint32_t request_count) {
  void* state = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceState(instance, &state));
  for (uint32_t i = 0; i < request_count; ++i) {
    plugin::Tensor in;
    plugin::Ignore(plugin::ReadInput(requests[i], &in));
    plugin::Ignore(TRITONSERVER_MetricSet(static_cast<Blocks*>(state)->used, in.value));
    plugin::Ignore(plugin::Answer(requests[i], in, in.value));
    plugin::Release(requests[i]);
  }
  return nullptr;
}
