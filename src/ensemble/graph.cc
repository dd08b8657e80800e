#include "ensemble/graph.h"

#include <algorithm>
#include <map>

#include "config/model_id.h"

namespace neso {
namespace {

// Gives names numbers while a graph is made.
class TensorNumbers {
 public:
  explicit TensorNumbers(EnsembleGraph& graph) : graph_(graph) {}
  size_t Of(const std::string& name) {
    const auto [it, is_new] = numbers_.try_emplace(name, graph_.tensors.size());
    if (is_new) graph_.tensors.push_back({.name = name, .readers = {}});
    return it->second;
  }

 private:
  EnsembleGraph& graph_;
  std::map<std::string, size_t> numbers_;
};

size_t CalleeNumber(EnsembleGraph& graph, std::map<std::pair<std::string, int64_t>, size_t>& numbers,
                    const inference::ModelEnsembling::Step& step) {
  const auto [it, is_new] = numbers.try_emplace({ModelId(step), step.model_version()}, graph.callees.size());
  if (is_new) graph.callees.push_back({ModelId(step), step.model_version()});
  return it->second;
}

// Maps have no order of their own; by name, so that every run does the same.
std::vector<EnsembleGraph::Link> LinksOf(const google::protobuf::Map<std::string, std::string>& map,
                                         TensorNumbers& numbers) {
  std::map<std::string, std::string> by_name(map.begin(), map.end());
  std::vector<EnsembleGraph::Link> links;
  links.reserve(by_name.size());
  for (const auto& [name, tensor] : by_name) links.push_back({name, numbers.Of(tensor)});
  return links;
}

}  // namespace

EnsembleGraph MakeGraph(const inference::ModelConfig& ensemble) {
  EnsembleGraph graph;
  TensorNumbers numbers(graph);
  for (const auto& input : ensemble.input()) graph.inputs.push_back(numbers.Of(input.name()));
  for (const auto& output : ensemble.output()) {
    graph.outputs.push_back(numbers.Of(output.name()));
    graph.tensors[graph.outputs.back()].is_result = true;
  }
  std::map<std::pair<std::string, int64_t>, size_t> callees;
  for (const auto& configured : ensemble.ensemble_scheduling().step()) {
    EnsembleGraph::Step step{.callee = CalleeNumber(graph, callees, configured),
                             .inputs = LinksOf(configured.input_map(), numbers),
                             .outputs = LinksOf(configured.output_map(), numbers),
                             .output_index = {},
                             .reads = {}};
    step.output_index.Update(std::span(step.outputs), &EnsembleGraph::Link::name);
    for (const EnsembleGraph::Link& input : step.inputs) step.reads.push_back(input.tensor);
    std::sort(step.reads.begin(), step.reads.end());
    step.reads.erase(std::unique(step.reads.begin(), step.reads.end()), step.reads.end());
    for (const size_t tensor : step.reads) {
      graph.tensors[tensor].readers.push_back(graph.steps.size());
      step.reads_result |= graph.tensors[tensor].is_result;
    }
    for (const EnsembleGraph::Link& output : step.outputs) {
      step.makes_result |= graph.tensors[output.tensor].is_result;
    }
    graph.steps.push_back(std::move(step));
  }
  return graph;
}

std::vector<bool> StepsFor(const EnsembleGraph& graph, std::span<const size_t> wanted) {
  constexpr size_t kNone = static_cast<size_t>(-1);
  std::vector<size_t> maker(graph.tensors.size(), kNone);
  for (size_t step = 0; step < graph.steps.size(); ++step) {
    for (const EnsembleGraph::Link& output : graph.steps[step].outputs) maker[output.tensor] = step;
  }
  std::vector<bool> needed(graph.steps.size());
  std::vector<size_t> open(wanted.begin(), wanted.end());
  while (!open.empty()) {
    const size_t step = maker[open.back()];
    open.pop_back();
    if (step == kNone || needed[step]) continue;
    needed[step] = true;
    open.insert(open.end(), graph.steps[step].reads.begin(), graph.steps[step].reads.end());
  }
  return needed;
}

Progress::Progress(const EnsembleGraph& graph, const std::vector<bool>& needed)
    : graph_(&graph),
      needed_(&needed),
      arrived_(graph.tensors.size()),
      unread_(graph.tensors.size()),
      missing_(graph.steps.size()) {
  for (size_t step = 0; step < graph.steps.size(); ++step) {
    if (!needed[step]) continue;
    missing_[step] = static_cast<uint32_t>(graph.steps[step].reads.size());
    for (const size_t tensor : graph.steps[step].reads) ++unread_[tensor];
  }
}

bool Progress::Arrive(size_t tensor, std::vector<size_t>& ready) {
  if (arrived_[tensor]) return false;
  arrived_[tensor] = true;
  for (const size_t step : graph_->tensors[tensor].readers) {
    if ((*needed_)[step] && --missing_[step] == 0) ready.push_back(step);
  }
  return true;
}

}  // namespace neso
