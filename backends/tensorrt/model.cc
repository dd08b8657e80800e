#include "model.h"

#include <filesystem>

#include "auto_complete.h"
#include "library.h"
#include "profiles.h"

namespace neso::tensorrt {

Status TensorRtModel::InitializeBackend(const backend::Backend& backend) { return ReadSettings(backend); }

Status TensorRtModel::DescribeBackend(const backend::Backend&, TRITONBACKEND_BackendAttribute* attributes) {
  return TRITONBACKEND_BackendAttributeSetParallelModelInstanceLoading(attributes, true);
}

Status TensorRtModel::Initialize() {
  NESO_ASSIGN_OR_RETURN(document_, ConfigDocument());
  const FirstGroup group = ReadFirstGroup(document_);
  if (auto_complete() && !group.is_elsewhere) {
    NESO_RETURN_IF_ERROR(Complete(group));
    NESO_ASSIGN_OR_RETURN(document_, ConfigDocument());
  }
  NESO_ASSIGN_OR_RETURN(options_, ReadOptions(config(), document_));
  return {};
}

Status TensorRtModel::OnlyOnGpu(std::string_view reason) const {
  return Status::InvalidArg("unable to load model '", name(), "', TensorRT backend supports only GPU device",
                            reason.empty() ? "" : ": ", reason);
}

Status TensorRtModel::Complete(const FirstGroup& group) {
  // What it is called is needed now.
  NESO_ASSIGN_OR_RETURN(options_, ReadOptions(config(), document_));
  const Result<GpuPtr> found = Gpu::Of(group.gpu);
  if (!found) return OnlyOnGpu(found.status().message());
  const GpuPtr& gpu = *found;
  Result<EnginePtr> engine = EngineFor(gpu, -1, "model '" + name() + "'");
  if (!engine) {
    NESO_ASSIGN_OR_RETURN(const std::string path, PathFor(*gpu));
    return Status(engine.status().code(), backend::Concat("unable to load plan file to auto complete config: ", path,
                                                          ": ", engine.status().message()));
  }
  const EngineDescription& description = (*engine)->description();
  NESO_ASSIGN_OR_RETURN(const std::vector<int32_t> profiles,
                        ReadProfiles(group.profiles, description.profile_count, "model '" + name() + "'"));
  NESO_RETURN_IF_ERROR(AutoComplete(description, profiles, document_));
  const std::lock_guard lock(loading_);
  kept_ = *engine;
  return SetConfig(document_);
}

Result<std::string> TensorRtModel::PathFor(const Gpu& gpu) const {
  std::string file = config().default_model_filename;
  if (!options_.files_by_capability.empty()) {
    NESO_ASSIGN_OR_RETURN(const std::string capability, gpu.ComputeCapability());
    const auto found = options_.files_by_capability.find(capability);
    if (found != options_.files_by_capability.end()) file = found->second;
  }
  return version_path() + "/" + (file.empty() ? "model.plan" : file);
}

Result<EnginePtr> TensorRtModel::EngineFor(const GpuPtr& gpu, int64_t dla_core, const std::string& user) {
  NESO_ASSIGN_OR_RETURN(const std::string path, PathFor(*gpu));
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return Status::Unavailable("unable to find '", path, "' for ", user);
  }
  const std::lock_guard lock(loading_);
  std::weak_ptr<Engine>& known = engines_[{gpu->id(), dla_core}];
  EnginePtr engine = known.lock();
  if (engine == nullptr) {
    NESO_ASSIGN_OR_RETURN(engine, Engine::Load(gpu, dla_core, path));
    known = engine;
  }
  kept_.reset();
  return engine;
}

}  // namespace neso::tensorrt
