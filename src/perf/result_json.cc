#include "perf/result_json.h"

#include <map>
#include <utility>

#include "perf/json_writer.h"

namespace neso::perf {
namespace {

const char* NameOfLoad(const Options& options) { return IsByTime(options.load) ? "request_rate" : "concurrency"; }

// What all results are of.
void AddHead(JsonWriter& json, const Options& options) {
  json.Text("model", options.model);
  json.Text("service_kind", std::string(NameOf(options.service)));
  const bool is_in_process = options.service == ServiceKind::kInProcess;
  json.Text("url", is_in_process ? "" : options.url);
  json.Text("protocol", is_in_process ? "none" : options.protocol == Protocol::kGrpc ? "grpc" : "http");
  json.Count("batch_size", options.batch);
}

void AddLatencies(JsonWriter& json, const Options& options, const Latencies& latencies) {
  json.Object("latency_us", [&] {
    json.Number("avg", latencies.average_us);
    json.Number("std", latencies.deviation_us);
    for (const int percent : PercentsOf(options)) {
      json.Number(fmt::format("p{}", percent), latencies.Percentile(percent));
    }
  });
}

// By the names that the statistics extension has for them.
void AddStatistics(JsonWriter& json, const ServerCounts& counts, bool has_cache) {
  const auto add = [&json](const char* name, const ServerCounts::Part& part) {
    json.Object(name, [&] {
      json.Count("count", part.count);
      json.Count("ns", part.ns);
    });
  };
  json.Count("inference_count", counts.inferences);
  json.Count("execution_count", counts.executions);
  json.Object("inference_stats", [&] {
    add("success", counts.success);
    add("queue", counts.queue);
    add("compute_input", counts.compute_input);
    add("compute_infer", counts.compute_infer);
    add("compute_output", counts.compute_output);
    if (!has_cache) return;
    add("cache_hit", counts.cache_hit);
    add("cache_miss", counts.cache_miss);
  });
}

void AddServer(JsonWriter& json, const ServerCounts& counts, bool has_cache, std::span<const ComposingModel> models) {
  AddStatistics(json, counts, has_cache);
  if (models.empty()) return;
  size_t next = 0;
  json.Array("composing_models", models, [&](const ComposingModel& model) {
    json.Text("name", model.name);
    json.Text("version", model.version);
    AddServer(json, counts.composing[next++], model.has_cache, model.composing);
  });
}

void AddGpus(JsonWriter& json, const GpuMetrics& metrics) {
  const std::pair<const char*, const std::map<std::string, double>*> kinds[] = {
      {"utilization", &metrics.utilization},
      {"power_watts", &metrics.power_watts},
      {"memory_used_bytes", &metrics.used_bytes},
      {"memory_total_bytes", &metrics.total_bytes},
  };
  std::map<std::string, std::vector<std::pair<const char*, double>>> gpus;
  for (const auto& [kind, values] : kinds) {
    for (const auto& [uuid, value] : *values) gpus[uuid].emplace_back(kind, value);
  }
  json.Object("gpus", [&] {
    for (const auto& [uuid, values] : gpus) {
      json.Object(uuid, [&json, &values = values] {
        for (const auto& [kind, value] : values) json.Number(kind, value);
      });
    }
  });
}

void AddResult(JsonWriter& json, const Options& options, const ModelFacts& facts, const Measured& measured) {
  json.Number(NameOfLoad(options), measured.load);
  json.Flag("stable", measured.is_stable);
  json.Flag("interrupted", measured.is_interrupted);
  json.Number("seconds", measured.seconds);
  json.Count("request_count", measured.requests);
  json.Number("throughput", measured.throughput);
  if (facts.is_decoupled) json.Number("response_throughput", measured.responses);
  if (facts.has_sequences) json.Count("sequence_count", measured.sequences);
  AddLatencies(json, options, measured.latencies);
  json.Number("delayed_share", measured.delayed_share);
  if (facts.has_statistics)
    json.Object("server", [&] { AddServer(json, measured.server, facts.has_cache, facts.composing); });
  if (!measured.metrics.is_empty()) AddGpus(json, measured.metrics);
}

// `factor`: from milliseconds to what `latency` says.
void AddSide(JsonWriter& json, const Side& side, const char* latency, double factor) {
  const auto add = [&json](const char* name, const Spread& spread, double by) {
    json.Object(name, [&] {
      json.Number("median", spread.median * by);
      json.Number("min", spread.least * by);
      json.Number("max", spread.largest * by);
    });
  };
  add("throughput", side.throughput, 1);
  json.Object(latency, [&] {
    add("avg", side.average_ms, factor);
    add("p50", side.p50_ms, factor);
    add("p99", side.p99_ms, factor);
  });
}

}  // namespace

std::string ResultsJson(const Options& options, const ModelFacts& facts, std::span<const Measured> results,
                        std::optional<double> limit) {
  JsonWriter json;
  AddHead(json, options);
  if (options.search != SearchKind::kLinear) {
    limit ? json.Number("limit", *limit) : json.Null("limit");
  }
  json.Array("results", results, [&](const Measured& measured) { AddResult(json, options, facts, measured); });
  return json.Finish();
}

std::string ComparisonsJson(const Options& options, std::span<const Comparison> comparisons) {
  JsonWriter json;
  AddHead(json, options);
  json.Text("versus", options.versus);
  json.Array("comparisons", comparisons, [&](const Comparison& comparison) {
    json.Number(NameOfLoad(options), comparison.load);
    json.Count("rounds", comparison.rounds);
    json.Object("first", [&] { AddSide(json, comparison.first, "latency_us", 1e3); });
    json.Object("second", [&] { AddSide(json, comparison.second, "latency_us", 1e3); });
    json.Object("ratio", [&] { AddSide(json, comparison.ratio, "latency", 1); });
  });
  return json.Finish();
}

}  // namespace neso::perf
