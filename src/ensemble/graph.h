// The steps of an ensemble and the tensors between them, by number; and which steps can run, given which tensors are
// there. Pure: no clock, no lock, no model.
//
//   const EnsembleGraph graph = MakeGraph(config);
//   Progress progress(graph, StepsFor(graph, wanted));
//   std::vector<size_t> ready;
//   for (const size_t tensor : graph.inputs) progress.Arrive(tensor, ready);   // the steps to run first
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/name_index.h"
#include "config/model_config.pb.h"

namespace neso {

// Constant once it is made. Source: model configuration, "ensemble_scheduling".
struct EnsembleGraph {
  // A model's input or output and the tensor of the ensemble that stands for it.
  struct Link {
    std::string name;
    size_t tensor;
  };
  struct Step {
    size_t callee;
    std::vector<Link> inputs;
    std::vector<Link> outputs;
    NameIndex output_index;
    std::vector<size_t> reads;  // the tensors of its inputs, each once
    bool reads_result = false;  // one of them is an output of the ensemble
    bool makes_result = false;  // one of its outputs is an output of the ensemble
    const Link* FindOutput(std::string_view output) const {
      return output_index.Find(std::span(outputs), output, &Link::name);
    }
  };
  struct Tensor {
    std::string name;
    std::vector<size_t> readers;  // steps, each once
    bool is_result = false;       // an output of the ensemble
  };
  // A model and version that steps call; several may call the same.
  struct Callee {
    std::string model;
    int64_t version;
    bool operator==(const Callee&) const = default;
  };

  std::vector<Callee> callees;
  std::vector<Step> steps;
  std::vector<Tensor> tensors;
  std::vector<size_t> inputs;   // tensors, in the order of the ensemble's inputs
  std::vector<size_t> outputs;  // tensors, in the order of the ensemble's outputs
};

// Precondition: `ensemble` has passed ValidateEnsembleLocally.
EnsembleGraph MakeGraph(const inference::ModelConfig& ensemble);

// Which steps have a part in making the tensors `wanted`: by step.
std::vector<bool> StepsFor(const EnsembleGraph& graph, std::span<const size_t> wanted);

// Which tensors of one pass through the graph are there. Thread-compatible.
class Progress {
 public:
  // Steps that are not `needed` never get ready. Both outlive this object.
  Progress(const EnsembleGraph& graph, const std::vector<bool>& needed);

  // `tensor` is there, or will never be (an optional input that nobody gave). Adds to `ready` the steps that waited for
  // nothing else, in the order of the configuration. False, and nothing happens, if it has arrived before.
  bool Arrive(size_t tensor, std::vector<size_t>& ready);
  // A step that reads `tensor` has got it. True for the last one that is needed: nobody else will ask for it.
  bool Read(size_t tensor) { return --unread_[tensor] == 0; }
  bool HasArrived(size_t tensor) const { return arrived_[tensor]; }

 private:
  const EnsembleGraph* graph_;
  const std::vector<bool>* needed_;
  std::vector<bool> arrived_;      // by tensor
  std::vector<uint32_t> unread_;   // by tensor: needed steps that have not read it
  std::vector<uint32_t> missing_;  // by step: tensors that have not arrived
};

}  // namespace neso
