#include "command/model_statistics.h"

#include "command/json_members.h"

namespace neso::command {
namespace {

ModelStatistics::Times TimesOf(const JsonValue& parts, const char* name) {
  const JsonValue& part = ObjectOf(parts, name);
  return {CountOf(part, "count"), CountOf(part, "ns")};
}

}  // namespace

ModelStatistics ModelStatistics::Since(const ModelStatistics& before) const {
  if (inferences < before.inferences || executions < before.executions || success.count < before.success.count ||
      failure.count < before.failure.count) {
    return *this;
  }
  return {.name = name,
          .version = version,
          .inferences = inferences - before.inferences,
          .executions = executions - before.executions,
          .success = success - before.success,
          .failure = failure - before.failure,
          .queue = queue - before.queue,
          .input = input - before.input,
          .infer = infer - before.infer,
          .output = output - before.output,
          .cache_hit = cache_hit - before.cache_hit};
}

std::vector<ModelStatistics> ReadStatistics(const JsonValue& statistics) {
  std::vector<ModelStatistics> models;
  for (const JsonValue& model : ArrayOf(statistics, "model_stats").GetArray()) {
    const JsonValue& parts = ObjectOf(model, "inference_stats");
    models.push_back({.name = TextOf(model, "name"),
                      .version = TextOf(model, "version"),
                      .inferences = CountOf(model, "inference_count"),
                      .executions = CountOf(model, "execution_count"),
                      .success = TimesOf(parts, "success"),
                      .failure = TimesOf(parts, "fail"),
                      .queue = TimesOf(parts, "queue"),
                      .input = TimesOf(parts, "compute_input"),
                      .infer = TimesOf(parts, "compute_infer"),
                      .output = TimesOf(parts, "compute_output"),
                      .cache_hit = TimesOf(parts, "cache_hit")});
  }
  return models;
}

}  // namespace neso::command
