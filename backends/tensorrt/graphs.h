// CUDA graphs: a run of the engine for certain shapes, recorded when the model is loaded and launched as a whole for requests
// that have them.
//
//   NESO_RETURN_IF_ERROR(graphs.Record(run, options.graphs));
//   if (const Graphs::Graph* graph = graphs.Find(context, inputs.extents())) graph->cuda->Launch(stream);
#pragma once

#include <NvInferRuntime.h>

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "cuda.h"
#include "description.h"
#include "inputs.h"
#include "options.h"
#include "outputs.h"
#include "profiles.h"

namespace neso::tensorrt {

using Shapes = std::vector<std::vector<int64_t>>;

// The shapes that `spec` means for the inputs of a profile; nothing if the profile does not take them.
std::optional<Shapes> ShapesOf(const EngineDescription& engine, int32_t profile, const GraphSpec& spec);

// Confined to an instance. Its GPU is current.
class Graphs {
 public:
  struct Graph {
    size_t context = 0;
    Shapes inputs, outputs;
    std::vector<const void*> buffers;  // what it reads and writes
    std::unique_ptr<CudaGraph> cuda;
  };
  // What a run of the engine needs.
  struct Run {
    const GpuPtr& gpu;
    const EngineDescription& engine;
    std::span<const int32_t> profiles;
    std::span<const std::unique_ptr<nvinfer1::IExecutionContext>> contexts;  // one for each of `profiles`
    Stream& stream;
    Inputs& inputs;
    Outputs& outputs;
  };

  // Records those that some profile takes. None for an engine with shape tensors, or outputs whose shape only the run tells.
  Status Record(const Run& run, std::span<const GraphSpec> specs);
  // That for exactly these shapes whose buffers are still where they were; null for none.
  const Graph* Find(size_t context, std::span<const InputExtent> extents, const Inputs& inputs,
                    const Outputs& outputs) const;

 private:
  Status RecordOne(const Run& run, size_t context, Shapes shapes);

  std::vector<Graph> graphs_;
};

}  // namespace neso::tensorrt
