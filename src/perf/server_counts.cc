#include "perf/server_counts.h"

#include <algorithm>

#include "base/json_member.h"
#include "perf/asked_json.h"

namespace neso::perf {
namespace {

using Part = ServerCounts::Part;

constexpr struct {
  const char* name;
  Part ServerCounts::*part;
} kParts[] = {{"success", &ServerCounts::success},
              {"queue", &ServerCounts::queue},
              {"compute_input", &ServerCounts::compute_input},
              {"compute_infer", &ServerCounts::compute_infer},
              {"compute_output", &ServerCounts::compute_output},
              {"cache_hit", &ServerCounts::cache_hit},
              {"cache_miss", &ServerCounts::cache_miss}};

ServerCounts CountsIn(const JsonValue& version) {
  ServerCounts counts;
  if (const JsonValue* const number = FindMember(version, "version"); number != nullptr && number->IsString())
    counts.version = JsonText(*number);
  counts.inferences = NumberIn(version, "inference_count");
  counts.executions = NumberIn(version, "execution_count");
  const JsonValue* const inference = FindMember(version, "inference_stats");
  for (const auto& [name, part] : kParts) {
    const JsonValue* const told = inference == nullptr ? nullptr : FindMember(*inference, name);
    if (told != nullptr) counts.*part = {NumberIn(*told, "count"), NumberIn(*told, "ns")};
  }
  return counts;
}

Expected<ServerCounts> AskCountsOf(Transport& transport, const ModelName& model,
                                   const std::vector<ComposingModel>& composing) {
  AskedJson statistics;
  RETURN_IF_ERROR(statistics.Ask(transport, Question::kStatistics, model));
  const JsonValue* const models = FindMember(statistics.root(), "model_stats");
  if (models == nullptr || !models->IsArray() || models->Empty())
    return Internal("missing statistics for requested model");
  ServerCounts counts;
  for (const JsonValue& version : models->GetArray()) {
    counts.versions.push_back(CountsIn(version));
    counts += counts.versions.back();
  }
  for (const ComposingModel& one : composing) {
    ASSIGN_OR_RETURN(counts.composing.emplace_back(), AskCountsOf(transport, {one.name, one.version}, one.composing));
  }
  return counts;
}

// Of one version.
ServerCounts Since(const ServerCounts& now, const ServerCounts& then) {
  const auto is_less = [&](const auto& entry) { return (now.*entry.part).count < (then.*entry.part).count; };
  const bool is_anew =
      now.inferences < then.inferences || now.executions < then.executions || std::ranges::any_of(kParts, is_less);
  if (is_anew) return now;
  ServerCounts difference;
  difference.inferences = now.inferences - then.inferences;
  difference.executions = now.executions - then.executions;
  for (const auto& entry : kParts) {
    const Part &later = now.*entry.part, &earlier = then.*entry.part;
    difference.*entry.part = {later.count - earlier.count, later.ns - earlier.ns};
  }
  return difference;
}

}  // namespace

ServerCounts ServerCounts::operator-(const ServerCounts& before) const {
  ServerCounts difference;
  for (const ServerCounts& one : versions) {
    const auto earlier = std::ranges::find(before.versions, one.version, &ServerCounts::version);
    difference += earlier == before.versions.end() ? one : Since(one, *earlier);
  }
  for (size_t i = 0; i < composing.size(); i++) difference.composing.push_back(composing[i] - before.composing[i]);
  return difference;
}

ServerCounts& ServerCounts::operator+=(const ServerCounts& other) {
  inferences += other.inferences;
  executions += other.executions;
  for (const auto& entry : kParts) {
    (this->*entry.part).count += (other.*entry.part).count;
    (this->*entry.part).ns += (other.*entry.part).ns;
  }
  composing.resize(std::max(composing.size(), other.composing.size()));
  for (size_t i = 0; i < other.composing.size(); i++) composing[i] += other.composing[i];
  return *this;
}

Expected<ServerCounts> AskCounts(Transport& transport, const Options& options, const ModelFacts& facts) {
  return AskCountsOf(transport, {options.model, options.version}, facts.composing);
}

}  // namespace neso::perf
