#include "perf/composing_models.h"

#include <algorithm>
#include <charconv>

#include "base/json_member.h"
#include "perf/asked_json.h"

namespace neso::perf {
namespace {

constexpr int kDeepest = 16;

// Each once, in their order.
Expected<std::vector<ModelName>> StepsOf(const JsonValue& config) {
  std::vector<ModelName> steps;
  const JsonValue* const ensemble = FindMember(config, "ensemble_scheduling");
  const JsonValue* const listed = ensemble == nullptr ? nullptr : FindMember(*ensemble, "step");
  if (listed == nullptr || !listed->IsArray()) return steps;
  for (const JsonValue& step : listed->GetArray()) {
    const JsonValue* const name = FindMember(step, "model_name");
    if (name == nullptr || !name->IsString()) return Internal("expected a model_name in each step of the ensemble");
    const uint64_t version = NumberIn(step, "model_version");  // -1 is the latest, and no such number
    ModelName model{std::string(JsonText(*name)), version == 0 ? std::string() : std::to_string(version)};
    if (std::ranges::find(steps, model) == steps.end()) steps.push_back(std::move(model));
  }
  return steps;
}

// The highest of those that the server has.
Expected<std::string> LatestVersion(Transport& transport, const std::string& model) {
  AskedJson metadata;
  RETURN_IF_ERROR(metadata.Ask(transport, Question::kMetadata, {model, {}}));
  const JsonValue* const versions = FindMember(metadata.root(), "versions");
  uint64_t latest = 0;
  if (versions != nullptr && versions->IsArray()) {
    for (const JsonValue& version : versions->GetArray()) {
      const std::string_view text = version.IsString() ? JsonText(version) : std::string_view();
      uint64_t number = 0;
      std::from_chars(text.data(), text.data() + text.size(), number);
      latest = std::max(latest, number);
    }
  }
  if (latest == 0) return Internal("model '{}': expected its versions in the server's metadata", model);
  return std::to_string(latest);
}

Expected<std::vector<ComposingModel>> AskModels(Transport& transport, const std::vector<ModelName>& names, int depth) {
  if (depth < 0) return Internal("the ensemble's steps are ensembles more than {} deep", kDeepest);
  std::vector<ComposingModel> models;
  for (const ModelName& name : names) {
    ComposingModel& model = models.emplace_back();
    model.name = name.name;
    model.version = name.version;
    if (model.version.empty()) {
      ASSIGN_OR_RETURN(model.version, LatestVersion(transport, name.name));
    }
    AskedJson config;
    RETURN_IF_ERROR(config.Ask(transport, Question::kConfig, {model.name, model.version}));
    model.has_cache = IsSetIn(config.root(), "response_cache", "enable");
    ASSIGN_OR_RETURN(const std::vector<ModelName> steps, StepsOf(config.root()));
    ASSIGN_OR_RETURN(model.composing, AskModels(transport, steps, depth - 1));
  }
  return models;
}

}  // namespace

bool IsEnsemble(const JsonValue& config) { return FindMember(config, "ensemble_scheduling") != nullptr; }

Expected<std::vector<ComposingModel>> AskSteps(Transport& transport, const JsonValue& config) {
  ASSIGN_OR_RETURN(const std::vector<ModelName> steps, StepsOf(config));
  return AskModels(transport, steps, kDeepest);
}

Expected<std::vector<ComposingModel>> AskNamed(Transport& transport, const std::vector<ModelName>& names) {
  return AskModels(transport, names, kDeepest);
}

}  // namespace neso::perf
