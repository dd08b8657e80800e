#include "model.h"

#include <algorithm>
#include <filesystem>

#include "archive.h"
#include "neso/backend/json.h"
#include "runtime.h"
#include "threads.h"

namespace neso::pytorch {
namespace {

using backend::FindMember;
using backend::InstanceBase;

std::optional<int> GpuOf(const InstanceBase& instance) {
  if (instance.kind() != TRITONSERVER_INSTANCEGROUPKIND_GPU) return std::nullopt;
  return instance.device_id();
}

// The program that is shared on `gpu`, or what `load` makes, which is shared from now on.
template <typename Shared, typename Reuse, typename Load>
auto FindOrLoad(Shared& shared, std::optional<int> gpu, const Reuse& reuse, const Load& load) -> decltype(load()) {
  std::erase_if(shared, [](const auto& entry) { return entry.second.expired(); });
  for (const auto& [device, program] : shared) {
    if (device != gpu) continue;
    if (auto alive = program.lock()) {
      reuse();
      return alive;
    }
  }
  auto loaded = load();
  if (loaded) shared.emplace_back(gpu, *loaded);
  return loaded;
}

}  // namespace

Status PyTorchModel::InitializeBackend(const backend::Backend& backend) { return InitializeRuntime(backend); }

Status PyTorchModel::DescribeBackend(const backend::Backend&, TRITONBACKEND_BackendAttribute* attributes) {
  return TRITONBACKEND_BackendAttributeSetParallelModelInstanceLoading(attributes, true);
}

Status PyTorchModel::Initialize() {
  NESO_ASSIGN_OR_RETURN(const rapidjson::Document document, ConfigDocument());
  is_package_ = backend::StringOr(document, "platform") == "torch_aoti";
  if (is_package_) {
    NESO_LOG_INFO("Model platform for '", name(), "': 'torch_aoti'.");
    if (auto_complete()) {
      NESO_LOG_WARNING(
          "Auto-complete configuration is not supported for Inductor models. Skipping auto-complete for model \"",
          name(), "\".");
    }
    // Parameters say nothing to packages: they were compiled.
  } else {
    if (auto_complete()) {
      NESO_LOG_WARNING("skipping model configuration auto-complete for '", name(),
                       "': not supported for pytorch backend");
    }
    NESO_ASSIGN_OR_RETURN(options_, ReadOptions(config().parameters));
    SetThreadCounts(options_.intra_op_threads, options_.inter_op_threads);
  }
  return ReadDocument(document);
}

// What the values of the configuration do not have.
Status PyTorchModel::ReadDocument(const rapidjson::Document& document) {
  has_sequences_ = FindMember(document, "sequence_batching") != nullptr;
  if (const rapidjson::Value* operations = FindMember(document, "model_operations")) {
    for (const std::string& file : backend::Strings(*operations, "op_library_filename")) {
      NESO_RETURN_IF_ERROR(LoadOperators(file, version_path()));
    }
  }
  return {};
}

Result<Served> PyTorchModel::Serve(const InstanceBase& instance) {
  if (instance.kind() == TRITONSERVER_INSTANCEGROUPKIND_GPU) NESO_RETURN_IF_ERROR(CheckGpu());
  Served served;
  if (!is_package_) {
    NESO_ASSIGN_OR_RETURN(const std::shared_ptr<TorchScript> module, ModuleOf(instance));
    NESO_ASSIGN_OR_RETURN(served.binding, BindTorchScript(module->arguments(), config()));
    served.program = module;
    return served;
  }
  NESO_RETURN_IF_ERROR(CheckSequences(instance.name()));
  NESO_ASSIGN_OR_RETURN(const std::shared_ptr<Package> package, PackageOf(instance));
  NESO_ASSIGN_OR_RETURN(served.binding, BindPackage(package->names(), config(), instance.name()));
  served.program = package;
  return served;
}

Status PyTorchModel::CheckSequences(const std::string& instance) const {
  if (!has_sequences_) return {};
  if (config().controls.empty()) return Status::Unsupported("Sequence batching is not supported yet.");
  return Status::Unsupported("Boolean sequence control validation is not supported for model instance \"", instance,
                             "\".");
}

std::string PyTorchModel::FilePath(const char* usual_name) const {
  const std::string& file = config().default_model_filename;
  return version_path() + "/" + (file.empty() ? usual_name : file);
}

Status PyTorchModel::CheckFile(const std::string& path) const {
  const Status checked = CheckArchive(path);
  if (checked.ok()) return {};
  return Status::Internal("failed to load model '", name(), "': '", path, "': ", checked.message());
}

Result<std::shared_ptr<TorchScript>> PyTorchModel::LoadModule(const InstanceBase& instance) const {
  const std::string path = FilePath("model.pt");
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return Status::Unavailable("unable to find '", path, "' for model instance '", instance.name(), "'");
  }
  NESO_RETURN_IF_ERROR(CheckFile(path));
  const bool places_itself = instance.kind() == TRITONSERVER_INSTANCEGROUPKIND_MODEL;
  return TorchScript::Load(path, name(), options_, GpuOf(instance), places_itself);
}

Result<std::shared_ptr<Package>> PyTorchModel::LoadPackage(const InstanceBase& instance) const {
  const std::string path = FilePath("model.pt2");
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return Status::Unavailable("PyTorch inductor model file \"", path, "\" is unreachable or inaccessible.");
  }
  NESO_RETURN_IF_ERROR(CheckFile(path));
  return Package::Load(
      path, config().instance_count, GpuOf(instance), config().batches(),
      backend::Concat("failed to create instance \"", instance.name(), "\" for inductor model \"", name(), "\": "));
}

Result<std::shared_ptr<TorchScript>> PyTorchModel::ModuleOf(const InstanceBase& instance) {
  if (!options_.weight_sharing) return LoadModule(instance);
  const std::lock_guard lock(mutex_);
  return FindOrLoad(
      modules_, GpuOf(instance),
      [&] { NESO_LOG_INFO("Reusing TorchScript model for instance '", instance.name(), "'"); },
      [&] { return LoadModule(instance); });
}

Result<std::shared_ptr<Package>> PyTorchModel::PackageOf(const InstanceBase& instance) {
  const std::lock_guard lock(mutex_);
  return FindOrLoad(
      packages_, GpuOf(instance), [] {}, [&] { return LoadPackage(instance); });
}

}  // namespace neso::pytorch
