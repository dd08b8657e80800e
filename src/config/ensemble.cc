#include "config/ensemble.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "config/model_id.h"

namespace neso {
namespace {

// A tensor of the ensemble and its neighbours: those made from it, those it is made from.
struct Tensor {
  std::set<std::string> next;
  std::set<std::string> previous;
  size_t unready_previous = 0;
  bool ready = false;  // reached from the ensemble's inputs
};
using Graph = std::map<std::string, Tensor>;

// Pipelines have a handful of steps; what follows takes time and memory in these numbers.
constexpr int kMaxSteps = 1000;
constexpr uint64_t kMaxConnections = 100'000;

Status ValidateSize(const inference::ModelConfig& ensemble) {
  const auto& steps = ensemble.ensemble_scheduling().step();
  if (steps.size() > kMaxSteps) {
    return InvalidArg("expected at most {} steps, got {} for ensemble '{}'", kMaxSteps, steps.size(), ensemble.name());
  }
  uint64_t connections = 0;
  for (const auto& step : steps) connections += uint64_t{step.input_map().size()} * step.output_map().size();
  if (connections <= kMaxConnections) return {};
  return InvalidArg("expected at most {} connections (inputs times outputs of each step), got {} for ensemble '{}'",
                    kMaxConnections, connections, ensemble.name());
}

Status ValidateSteps(const inference::ModelConfig& ensemble) {
  const std::string& name = ensemble.name();
  if (ensemble.ensemble_scheduling().step().empty()) return InvalidArg("must specify 'step' for ensemble '{}'", name);
  std::set<std::string> made;
  int index = 0;
  for (const auto& step : ensemble.ensemble_scheduling().step()) {
    const char* missing = step.model_name().empty()   ? "model_name"
                          : step.input_map().empty()  ? "input_map"
                          : step.output_map().empty() ? "output_map"
                                                      : nullptr;
    if (missing != nullptr) return InvalidArg("must specify '{}' in step {} of ensemble '{}'", missing, index, name);
    for (const auto& [output, tensor] : step.output_map()) {
      if (!made.insert(tensor).second) {
        return InvalidArg("ensemble tensor '{}' can appear in an output map only once for ensemble '{}' step {}",
                          tensor, name, index);
      }
    }
    ++index;
  }
  return {};
}

Graph BuildGraph(const inference::ModelEnsembling& ensembling) {
  Graph graph;
  for (const auto& step : ensembling.step()) {
    for (const auto& [output, made] : step.output_map()) graph[made];
    for (const auto& [input, used] : step.input_map()) {
      Tensor& tensor = graph[used];
      for (const auto& [output, made] : step.output_map()) {
        tensor.next.insert(made);
        Tensor& next = graph[made];
        if (next.previous.insert(used).second) ++next.unready_previous;
      }
    }
  }
  return graph;
}

void SpreadReadiness(std::deque<std::string> reached, Graph& graph) {
  for (; !reached.empty(); reached.pop_front()) {
    for (const std::string& next : graph[reached.front()].next) {
      Tensor& tensor = graph[next];
      if (--tensor.unready_previous > 0 || tensor.ready) continue;
      tensor.ready = true;
      reached.push_back(next);
    }
  }
}

// Follows tensors that are not ready from `output` towards their sources, as far as they go.
std::string FindDisconnected(const std::string& output, const Graph& graph) {
  std::set<std::string> seen = {output};
  std::string last = output;
  for (bool moved = true; moved;) {
    moved = false;
    for (const std::string& previous : graph.at(last).previous) {
      if (graph.at(previous).ready || !seen.insert(previous).second) continue;
      last = previous;
      moved = true;
      break;
    }
  }
  return last;
}

}  // namespace

bool IsEnsemble(const inference::ModelConfig& config) {
  return config.has_ensemble_scheduling() || config.platform() == "ensemble";
}

std::vector<std::string> ComposingModels(const inference::ModelConfig& ensemble) {
  std::vector<std::string> models;
  for (const auto& step : ensemble.ensemble_scheduling().step()) {
    std::string id = ModelId(step);
    if (std::find(models.begin(), models.end(), id) == models.end()) models.push_back(std::move(id));
  }
  return models;
}

Status ValidateEnsembleLocally(const inference::ModelConfig& ensemble) {
  const std::string& name = ensemble.name();
  if (!ensemble.instance_group().empty()) {
    return InvalidArg("instance group should not be specified for ensemble '{}'", name);
  }
  if (ensemble.has_optimization()) return InvalidArg("optimization should not be specified for ensemble '{}'", name);
  if (!ensemble.model_warmup().empty()) {
    return InvalidArg("model_warmup can not be specified for ensemble '{}'", name);
  }
  RETURN_IF_ERROR(ValidateSize(ensemble));
  RETURN_IF_ERROR(ValidateSteps(ensemble));

  Graph graph = BuildGraph(ensemble.ensemble_scheduling());
  std::deque<std::string> reached;
  for (const auto& input : ensemble.input()) {
    const auto it = graph.find(input.name());
    if (it == graph.end()) return InvalidArg("ensemble input '{}' for ensemble {}' is not used", input.name(), name);
    if (!std::exchange(it->second.ready, true)) reached.push_back(input.name());
  }
  SpreadReadiness(std::move(reached), graph);

  std::set<std::string> outputs;
  for (const auto& output : ensemble.output()) {
    const auto it = graph.find(output.name());
    if (it == graph.end()) return InvalidArg("ensemble output '{}' for ensemble {}' is not used", output.name(), name);
    if (!it->second.ready) {
      return InvalidArg(
          "output '{}' for ensemble '{}' is not written: at least one of its depending tensors, '{}', is not connected",
          output.name(), name, FindDisconnected(output.name(), graph));
    }
    outputs.insert(output.name());
  }
  for (const auto& [tensor_name, tensor] : graph) {
    if (!tensor.ready || (tensor.next.empty() && !outputs.contains(tensor_name))) {
      return InvalidArg("ensemble tensor '{}' is unused in ensemble '{}'", tensor_name, name);
    }
  }
  return {};
}

Status CheckComposingModelsLoaded(const inference::ModelConfig& ensemble,
                                  const std::function<ComposingState(const std::string& id)>& state_of) {
  for (const auto& step : ensemble.ensemble_scheduling().step()) {
    const ComposingState state = state_of(ModelId(step));
    if (state.loaded.empty()) {
      return InvalidArg("ensemble '{}' depends on '{}' which has no loaded version.{}", ensemble.name(),
                        step.model_name(),
                        state.error.empty()
                            ? ""
                            : fmt::format(" Model '{}' loading failed with error: {}", step.model_name(), state.error));
    }
    if (step.model_version() != -1 && !state.loaded.contains(step.model_version())) {
      return InvalidArg("ensemble '{}' depends on '{}' whose required version {} is not loaded.", ensemble.name(),
                        step.model_name(), step.model_version());
    }
  }
  return {};
}

}  // namespace neso
