// What a request pays to find its model: BM_Find on one thread and on several, among 1 and 1,000 models.
#include <benchmark/benchmark.h>

#include "repository/serving_table.h"

namespace neso {
namespace {

ServingTable* MakeTable(int64_t models) {
  auto* table = new ServingTable;
  for (int64_t i = 0; i < models; ++i) {
    inference::ModelConfig config;
    config.set_name("model_number_" + std::to_string(i));
    std::map<std::string, std::vector<std::string>> no_labels;
    const std::string name = config.name();
    table->Publish(name, {std::make_shared<Model>(std::move(config), 1, std::move(no_labels))});
  }
  return table;
}

void BM_Find(benchmark::State& state) {
  static const ServingTable* const kTables[] = {MakeTable(1), MakeTable(1000)};
  const ServingTable& table = *kTables[state.range(0) == 1 ? 0 : 1];
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.Find("model_number_0", -1));
  }
}
BENCHMARK(BM_Find)->Arg(1)->Arg(1000)->ThreadRange(1, 4);

}  // namespace
}  // namespace neso
