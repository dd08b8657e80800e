#include "graphs.h"

#include <algorithm>

#include "library.h"
#include "neso/backend/log.h"

namespace neso::tensorrt {
namespace {

bool CanBeRecorded(const EngineDescription& engine) {
  const auto has_fixed_address = [](const EngineTensor& tensor) { return !tensor.is_shape_tensor; };
  return std::ranges::all_of(engine.inputs, has_fixed_address) &&
         std::ranges::all_of(engine.outputs, has_fixed_address);
}

std::vector<const void*> BuffersOf(const Inputs& inputs, const Outputs& outputs) {
  std::vector<const void*> buffers = inputs.buffers();
  for (const void* const buffer : outputs.buffers()) buffers.push_back(buffer);
  return buffers;
}

// The buffers are as large as any profile wants, so that they stay where they are.
std::vector<size_t> CapacitiesOf(const EngineDescription& engine, std::span<const int32_t> profiles) {
  std::vector<size_t> capacities;
  for (const EngineTensor& input : engine.inputs) {
    size_t& capacity = capacities.emplace_back(0);
    for (const int32_t profile : profiles) {
      capacity = std::max(capacity, input.ByteSize(input.dims[static_cast<size_t>(profile)].max));
    }
  }
  return capacities;
}

Shapes LargestShapes(const EngineDescription& engine, int32_t profile) {
  Shapes shapes;
  for (const EngineTensor& input : engine.inputs) shapes.push_back(input.dims[static_cast<size_t>(profile)].max);
  return shapes;
}

bool AreSame(const Shapes& shapes, std::span<const InputExtent> extents) {
  return std::ranges::equal(shapes, extents, [](const std::vector<int64_t>& shape, const InputExtent& extent) {
    return std::ranges::equal(shape, extent.shape);
  });
}

}  // namespace

std::optional<Shapes> ShapesOf(const EngineDescription& engine, int32_t profile, const GraphSpec& spec) {
  Shapes shapes;
  std::vector<InputExtent> extents;
  for (const EngineTensor& input : engine.inputs) {
    std::vector<int64_t> shape = input.shape;
    if (spec.batch_size > 0 && !shape.empty()) shape.front() = spec.batch_size;
    const size_t first = spec.batch_size > 0 ? 1 : 0;
    if (const auto dims = spec.dims.find(input.name); dims != spec.dims.end()) {
      shape.resize(std::min(first, shape.size()));
      shape.insert(shape.end(), dims->second.begin(), dims->second.end());
    }
    // What nobody says is as the profile likes it best.
    const std::vector<int64_t>& best = input.dims[static_cast<size_t>(profile)].opt;
    for (size_t i = 0; i < std::min(shape.size(), best.size()); ++i) {
      if (shape[i] == -1) shape[i] = best[i];
    }
    shapes.push_back(std::move(shape));
  }
  for (const std::vector<int64_t>& shape : shapes) extents.push_back({.shape = shape, .values = {}});
  if (!DistanceTo(engine, profile, extents)) return std::nullopt;
  return shapes;
}

Status Graphs::Record(const Run& run, std::span<const GraphSpec> specs) {
  if (!CanBeRecorded(run.engine)) {
    NESO_LOG_WARNING("no CUDA graphs for an engine with shape tensors");
    return {};
  }
  for (size_t context = 0; context < run.contexts.size(); ++context) {
    const int32_t profile = run.profiles[context];
    NESO_RETURN_IF_ERROR(run.inputs.Prepare(*run.contexts[context], LargestShapes(run.engine, profile),
                                            CapacitiesOf(run.engine, run.profiles)));
    NESO_RETURN_IF_ERROR(run.outputs.Place(*run.contexts[context]));
    if (run.outputs.are_open()) {
      NESO_LOG_WARNING("no CUDA graphs for an engine with outputs whose shape only its run tells");
      return {};
    }
  }
  for (size_t context = 0; context < run.contexts.size(); ++context) {
    for (const GraphSpec& spec : specs) {
      std::optional<Shapes> shapes = ShapesOf(run.engine, run.profiles[context], spec);
      if (shapes) NESO_RETURN_IF_ERROR(RecordOne(run, context, std::move(*shapes)));
    }
  }
  return {};
}

Status Graphs::RecordOne(const Run& run, size_t context, Shapes shapes) {
  nvinfer1::IExecutionContext& of = *run.contexts[context];
  NESO_RETURN_IF_ERROR(run.inputs.Prepare(of, shapes, CapacitiesOf(run.engine, run.profiles)));
  NESO_RETURN_IF_ERROR(run.outputs.Place(of));
  const auto stream = static_cast<cudaStream_t>(run.stream.handle());
  (void)TakeLastError();
  // Once before: what TensorRT does only after a change of shapes must not stand in the graph.
  const bool ran = of.enqueueV3(stream);
  NESO_RETURN_IF_ERROR(run.stream.Wait());
  if (!ran) return Status::Internal("unable to run the engine for a CUDA graph: ", TakeLastError());
  NESO_ASSIGN_OR_RETURN(std::unique_ptr<CudaGraph> cuda,
                        CudaGraph::Capture(run.gpu, run.stream, [&] { return of.enqueueV3(stream); }));
  graphs_.push_back({.context = context,
                     .inputs = std::move(shapes),
                     .outputs = run.outputs.shapes(),
                     .buffers = BuffersOf(run.inputs, run.outputs),
                     .cuda = std::move(cuda)});
  return {};
}

const Graphs::Graph* Graphs::Find(size_t context, std::span<const InputExtent> extents, const Inputs& inputs,
                                  const Outputs& outputs) const {
  for (const Graph& graph : graphs_) {
    if (graph.context != context || !AreSame(graph.inputs, extents)) continue;
    return graph.buffers == BuffersOf(inputs, outputs) ? &graph : nullptr;
  }
  return nullptr;
}

}  // namespace neso::tensorrt
