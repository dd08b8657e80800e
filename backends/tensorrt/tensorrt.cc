// The TensorRT backend: libtriton_tensorrt.so.
//
// An instance has a stream of its own on its GPU, and a context of the engine for each optimization profile that it may
// use. An execution copies the inputs to the GPU, runs, copies the outputs back, and waits for the stream once.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "binding.h"
#include "graphs.h"
#include "inputs.h"
#include "library.h"
#include "model.h"
#include "outputs.h"
#include "profiles.h"

namespace neso::tensorrt {

using backend::Execution;
using backend::Instance;
using backend::OutputResponder;

class TensorRtInstance final : public Instance<TensorRtModel> {
 public:
  ~TensorRtInstance() {
    if (gpu_ == nullptr) return;
    const Gpu::Current current(*gpu_);
    graphs_.reset();
    contexts_.clear();
    outputs_.reset();
    inputs_.reset();
    stream_.reset();
    engine_.reset();
  }

  Status Initialize() {
    NESO_RETURN_IF_ERROR(CheckKind());
    NESO_ASSIGN_OR_RETURN(gpu_, Gpu::Of(device_id()));
    NESO_ASSIGN_OR_RETURN(const int64_t dla_core, DlaCore());
    NESO_ASSIGN_OR_RETURN(engine_, model().EngineFor(gpu_, dla_core, "model instance '" + name() + "'"));
    NESO_ASSIGN_OR_RETURN(const Binding binding,
                          Bind(engine_->description(), model().config(), model().document(), name()));
    NESO_ASSIGN_OR_RETURN(const std::vector<std::string> names, ProfileNames());
    NESO_ASSIGN_OR_RETURN(profiles_, ReadProfiles(names, engine_->description().profile_count, name()));
    NESO_ASSIGN_OR_RETURN(TRITONBACKEND_MemoryManager* const memory, model().backend().MemoryManager());
    collector().UseGpu(device_id(), memory);
    const Gpu::Current current(*gpu_);
    inputs_ = std::make_unique<Inputs>(binding, gpu_, collector());
    outputs_ = std::make_unique<Outputs>(binding, gpu_, model().config(), memory);
    NESO_RETURN_IF_ERROR(MakeContexts());
    if (!model().options().uses_graphs) return {};
    graphs_ = std::make_unique<Graphs>();
    return graphs_->Record({gpu_, engine_->description(), profiles_, contexts_, *stream_, *inputs_, *outputs_},
                           model().options().graphs);
  }

  Status Execute(Execution& execution) {
    NESO_RETURN_IF_ERROR(execution.CheckBatchSize(name()));
    const Gpu::Current current(*gpu_);
    Status ran = Run(execution);
    // In any case: what is under way reads the memory of requests.
    Status waited = stream_->Wait();
    if (!ran.ok()) return ran;
    if (!waited.ok()) return waited;
    execution.ComputeEnd();
    OutputResponder responder(execution);
    outputs_->AddTo(responder);
    responder.Send();
    return {};
  }

 private:
  Status CheckKind() const {
    if (kind() == TRITONSERVER_INSTANCEGROUPKIND_GPU) return {};
    // Where nothing was said, the server chose the CPU for want of a GPU.
    const Result<GpuPtr> gpu = Gpu::Of(0);
    return model().OnlyOnGpu(gpu.status().message());
  }

  // The last that the configuration names; -1 for none.
  Result<int64_t> DlaCore() const {
    uint32_t count = 0;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelInstanceSecondaryDeviceCount(handle(), &count));
    int64_t core = -1;
    for (uint32_t i = 0; i < count; ++i) {
      const char* kind = nullptr;
      NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelInstanceSecondaryDeviceProperties(handle(), i, &kind, &core));
    }
    return core;
  }

  Result<std::vector<std::string>> ProfileNames() const {
    uint32_t count = 0;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelInstanceProfileCount(handle(), &count));
    std::vector<std::string> names;
    for (uint32_t i = 0; i < count; ++i) {
      const char* name = nullptr;
      NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelInstanceProfileName(handle(), i, &name));
      names.emplace_back(name);
    }
    return names;
  }

  Status MakeContexts() {
    const auto strategy = model().options().allocates_on_profile_change
                              ? nvinfer1::ExecutionContextAllocationStrategy::kON_PROFILE_CHANGE
                              : nvinfer1::ExecutionContextAllocationStrategy::kSTATIC;
    constexpr StreamPriority kPriorities[] = {StreamPriority::kDefault, StreamPriority::kLowest,
                                              StreamPriority::kHighest};
    NESO_ASSIGN_OR_RETURN(stream_, Stream::Make(gpu_, kPriorities[static_cast<size_t>(model().options().priority)]));
    for (const int32_t profile : profiles_) {
      NESO_ASSIGN_OR_RETURN(std::unique_ptr<nvinfer1::IExecutionContext> context, engine_->MakeContext(strategy));
      if (!context->setOptimizationProfileAsync(profile, CudaStream())) {
        return Status::Internal("unable to set the optimization profile ", profile, " for ", name(), ": ",
                                TakeLastError());
      }
      contexts_.push_back(std::move(context));
    }
    return stream_->Wait();
  }

  cudaStream_t CudaStream() const { return static_cast<cudaStream_t>(stream_->handle()); }

  // Gives the stream all that is to be done.
  Status Run(Execution& execution) {
    NESO_RETURN_IF_ERROR(inputs_->Collect(execution));
    const size_t chosen = ChooseContext();
    if (graphs_ != nullptr) {
      const Graphs::Graph* const graph = graphs_->Find(chosen, inputs_->extents(), *inputs_, *outputs_);
      if (graph != nullptr) return RunGraph(*graph, execution);
    }
    nvinfer1::IExecutionContext& context = *contexts_[chosen];
    (void)TakeLastError();
    NESO_RETURN_IF_ERROR(inputs_->Give(context, *stream_, false));
    if (context.inferShapes(0, nullptr) != 0) {
      return Status::Internal(
          "failed to specify the dimensions of all input tensors or values of all input shape tensors", Reason());
    }
    NESO_RETURN_IF_ERROR(outputs_->Place(context));
    execution.ComputeStart();
    if (!context.enqueueV3(CudaStream())) {
      return Status::Internal("unable to execute '", name(), "'", Reason());
    }
    return outputs_->Fetch(*stream_, execution.requests());
  }

  Status RunGraph(const Graphs::Graph& graph, Execution& execution) {
    NESO_RETURN_IF_ERROR(inputs_->Give(*contexts_[graph.context], *stream_, true));
    outputs_->set_shapes(graph.outputs);
    execution.ComputeStart();
    NESO_RETURN_IF_ERROR(graph.cuda->Launch(*stream_));
    return outputs_->Fetch(*stream_, execution.requests());
  }

  // The only context, or that of the nearest profile.
  size_t ChooseContext() const {
    if (contexts_.size() == 1) return 0;
    const std::optional<size_t> chosen = ChooseProfile(engine_->description(), profiles_, inputs_->extents());
    if (chosen) return *chosen;
    std::string names;
    for (const int32_t profile : profiles_) names += (names.empty() ? "" : ",") + std::to_string(profile);
    NESO_LOG_ERROR("failed to find any Optimization Profile among [", names,
                   "] to support the requested dimensions (or shape values), proceeding with first profile.");
    return 0;
  }

  static std::string Reason() {
    const std::string words = TakeLastError();
    return words.empty() ? "" : ": " + words;
  }

  GpuPtr gpu_;
  EnginePtr engine_;
  std::vector<int32_t> profiles_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<Inputs> inputs_;
  std::unique_ptr<Outputs> outputs_;
  std::vector<std::unique_ptr<nvinfer1::IExecutionContext>> contexts_;  // one for each of profiles_
  std::unique_ptr<Graphs> graphs_;                                      // null: none were asked for
};

}  // namespace neso::tensorrt

NESO_BACKEND(neso::tensorrt::TensorRtModel, neso::tensorrt::TensorRtInstance)
