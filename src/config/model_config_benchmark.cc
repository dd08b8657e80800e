// What a small model's configuration costs from text to a validated configuration, and as JSON. The goal is well below
// 100 us together: a thousand models are to load in 0.15 s.
#include <benchmark/benchmark.h>

#include "config/complete.h"
#include "config/json.h"
#include "config/parse.h"
#include "config/validate.h"

namespace neso {
namespace {

constexpr char kText[] = R"(
backend: "identity"
max_batch_size: 8
input [ { name: "INPUT0" data_type: TYPE_FP32 dims: [ -1 ] } ]
output [ { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ -1 ] } ]
instance_group [ { count: 1 kind: KIND_CPU } ]
parameters { key: "execute_delay_ms" value { string_value: "0" } }
)";

inference::ModelConfig Load() {
  Expected<inference::ModelConfig> config = ParseModelConfigText(kText, "config.pbtxt");
  static_cast<void>(CompleteModelConfig({"identity", {}}, *config).ok());
  NormalizeModelConfig(*config);
  static_cast<void>(ValidateAtPoll(*config, "identity", true).ok());
  NormalizeInstanceGroups({}, {}, *config);
  static_cast<void>(ValidateAtLoad(*config, {}).ok());
  return *std::move(config);
}

void BM_TextToValidatedConfig(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Load());
}
BENCHMARK(BM_TextToValidatedConfig);

void BM_ConfigToJson(benchmark::State& state) {
  const inference::ModelConfig config = Load();
  for (auto _ : state) benchmark::DoNotOptimize(ModelConfigToJson(config));
}
BENCHMARK(BM_ConfigToJson);

void BM_JsonToConfig(benchmark::State& state) {
  const std::string json = ModelConfigToJson(Load());
  for (auto _ : state) benchmark::DoNotOptimize(ParseModelConfigJson(json));
}
BENCHMARK(BM_JsonToConfig);

}  // namespace
}  // namespace neso
