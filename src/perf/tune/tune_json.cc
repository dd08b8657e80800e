#include "perf/tune/tune_json.h"

#include "perf/json_writer.h"

namespace neso::perf {
namespace {

void AddCandidate(JsonWriter& json, const Candidate& candidate) {
  json.Count("instances", candidate.instances);
  json.Count("max_batch_size", candidate.batch);
  json.Count("max_queue_delay_microseconds", candidate.delay_us);
}

void AddLoad(JsonWriter& json, const Measured& load, const TuneOptions& options) {
  json.Number("concurrency", load.load);
  json.Number("throughput", load.throughput);
  json.Number(fmt::format("latency_p{}_us", options.percentile), load.latencies.Percentile(options.percentile));
}

void AddMemory(JsonWriter& json, const Trial& trial) {
  if (trial.ram_mib > 0) json.Number("ram_mib", trial.ram_mib);
}

}  // namespace

std::string TrialsJson(std::span<const Trial> trials, const Trial& best, const TuneOptions& options) {
  JsonWriter json;
  json.Text("model", options.model);
  json.Text("folder", options.folder);
  json.Object("best", [&] {
    AddCandidate(json, best.candidate);
    AddLoad(json, *best.best, options);
    AddMemory(json, best);
  });
  json.Array("trials", trials, [&](const Trial& trial) {
    AddCandidate(json, trial.candidate);
    AddMemory(json, trial);
    if (!trial.failure.empty()) json.Text("error", trial.failure);
    json.Array("loads", trial.loads, [&](const Measured& load) { AddLoad(json, load, options); });
  });
  return json.Finish();
}

}  // namespace neso::perf
