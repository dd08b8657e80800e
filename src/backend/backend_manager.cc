#include "backend/backend_manager.h"

#include <algorithm>
#include <utility>

#include "backend/backend_model.h"
#include "backend/backend_registry.h"
#include "backend/batch_library.h"
#include "backend/library_search.h"
#include "backend/plugin_memory.h"
#include "backend/usable_gpus.h"
#include "base/executor.h"
#include "base/gate.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/nearest.h"
#include "base/text.h"
#include "config/complete.h"
#include "config/labels.h"
#include "config/model_files.h"
#include "config/model_parameter.h"
#include "config/validate.h"

namespace neso {
namespace {

// What is served, only without something that was not asked for.
void LogWhatIsIgnored(const inference::ModelConfig& config, const BackendOptions& options) {
  const auto& groups = config.instance_group();
  if (!options.rate_limits &&
      std::any_of(groups.begin(), groups.end(), [](const auto& group) { return group.has_rate_limiter(); })) {
    LOG_WARNING("model '{}' has a rate_limiter, which takes effect with --rate-limit=execution_count", config.name());
  }
}

// TRITONBACKEND_ModelInitialize and what may go wrong with what it says.
Status LetBackendComplete(PluginModel& plugin, bool config_file_given, UsableGpus& gpus) {
  const int32_t configured_batch_size = plugin.draft().max_batch_size();
  RETURN_IF_ERROR(plugin.Initialize());
  if (!config_file_given && !plugin.config_was_set()) {
    return NotFound("model configuration is not provided for model '{}'", plugin.name());
  }
  inference::ModelConfig& config = plugin.draft();
  if (config.max_batch_size() != configured_batch_size) {
    LOG_INFO(
        "model '{}': its backend completed max_batch_size to {}, since the configuration has none; it can be set in "
        "config.pbtxt, and for models that do not say it themselves by --backend-config=default-max-batch-size=N",
        plugin.name(), config.max_batch_size());
  }
  // Again: the backend may have changed them.
  RETURN_IF_ERROR(ValidateModelFiles(config));
  NormalizeModelConfig(config);
  NormalizeInstanceGroups(gpus.For(config), plugin.backend().attribute().preferred_groups, config);
  RETURN_IF_ERROR(ValidateAtPoll(config, config.name(), plugin.auto_complete()));
  RETURN_IF_ERROR(ValidateAtLoad(config, gpus.InventoryFor(config)));
  return gpus.CheckLimits(config);
}

LibraryQuery LibraryQueryFor(const std::string& model_directory, int64_t version, const inference::ModelConfig& config,
                             const BackendOptions& options) {
  return {.model_name = config.name(),
          .model_folder = model_directory,
          .version_folder = model_directory + "/" + std::to_string(version),
          .backend = config.backend(),
          .runtime = config.runtime(),
          .backend_directory = options.backend_directory,
          .fallback_directory = options.repository_fallback_directory};
}

// Null: the configuration alone decides what joins a batch.
Expected<std::unique_ptr<BatchStrategy>> LoadStrategy(const LibraryQuery& query, PluginModel& plugin) {
  constexpr const char* kPath = "TRITON_BATCH_STRATEGY_PATH";
  const std::string* const named = FindParameter(plugin.draft(), kPath);
  if (plugin.draft().has_sequence_batching()) {
    if (named == nullptr) return std::unique_ptr<BatchStrategy>();
    return InvalidArg("{} cannot be specified with sequence batcher, using default batching strategy", kPath);
  }
  ASSIGN_OR_RETURN(const std::string path, FindBatchLibrary(query, named == nullptr ? "" : *named));
  if (path.empty()) return std::unique_ptr<BatchStrategy>();
  ASSIGN_OR_RETURN(std::unique_ptr<BatchLibrary> library, BatchLibrary::Load(path, plugin));
  return std::unique_ptr<BatchStrategy>(std::move(library));
}

void OverrideExecutionPolicy(const PluginModel& plugin) {
  if (!plugin.config().has_sequence_batching() ||
      plugin.backend().execution_policy() == TRITONBACKEND_EXECUTION_BLOCKING) {
    return;
  }
  LOG_WARNING("Overriding execution policy to \"TRITONBACKEND_EXECUTION_BLOCKING\" for sequence model \"{}\"",
              plugin.name());
}

}  // namespace

struct BackendManager::Impl {
  Impl(BackendOptions given, SchedulingContext scheduling)
      : options(std::move(given)),
        context(scheduling),
        limiter(options.rate_limits ? std::make_shared<RateLimiter>(*options.rate_limits) : nullptr),
        memory(options.memory_pools),
        gpus(options),
        registry(options, memory) {}

  // Their teardown uses everything below.
  ~Impl() { living_models.WaitUntilEmpty(); }

  ModelHandle Publish(std::unique_ptr<BackendModel> model) {
    auto* const retirement = new Retirement(*this, *model, living_models.Enter());
    return ModelHandle(model.release(), Retirer{retirement});
  }

  // Deletes a model on the executor. Made with the model, so that its end needs no memory.
  class Retirement final : public Runnable {
   public:
    Retirement(Impl& impl, Model& model, Gate::Pass pass) : impl_(impl), model_(model), pass_(std::move(pass)) {}
    void Run() override {
      const std::unique_ptr<Retirement> self(this);
      delete &model_;
    }
    void Post() { impl_.context.executor.Post(this); }

   private:
    Impl& impl_;
    Model& model_;
    const Gate::Pass pass_;
  };

  // What runs when the last reference to a model goes.
  struct Retirer {
    Retirement* retirement;
    bool at_once = false;
    void operator()(Model*) const { at_once ? retirement->Run() : retirement->Post(); }
  };

  const BackendOptions options;
  const SchedulingContext context;
  const std::shared_ptr<RateLimiter> limiter;  // null: nothing is limited
  PluginMemory memory;
  UsableGpus gpus;
  BackendRegistry registry;
  Gate living_models;
};

BackendManager::BackendManager(BackendOptions options, SchedulingContext context)
    : impl_(std::make_unique<Impl>(std::move(options), context)) {}

BackendManager::~BackendManager() = default;

Expected<ModelHandle> BackendManager::LoadModel(const std::string& model_directory, int64_t version,
                                                inference::ModelConfig config, bool config_file_given,
                                                TRITONSERVER_Server* server, std::stop_token stop) {
  const BackendOptions& options = impl_->options;
  RETURN_IF_ERROR(ValidateModelFiles(config));
  LogWhatIsIgnored(config, options);
  if (config.backend().empty()) return InvalidArg("must specify 'backend' for '{}'", config.name());
  const LibraryQuery query = LibraryQueryFor(model_directory, version, config, options);
  ASSIGN_OR_RETURN(const BackendLibrary library, FindBackendLibrary(query));
  if (library.runtime == "model.py") config.set_runtime(library.runtime);
  ASSIGN_OR_RETURN(std::shared_ptr<Backend> backend, impl_->registry.Get(config.backend(), library));

  auto plugin = std::make_unique<PluginModel>(std::move(backend), model_directory, version, std::move(config),
                                              options.auto_complete, server);
  plugin->set_load_stop(std::move(stop));
  RETURN_IF_ERROR(LetBackendComplete(*plugin, config_file_given, impl_->gpus));
  OverrideExecutionPolicy(*plugin);
  ASSIGN_OR_RETURN(Labels labels, ReadLabels(plugin->draft(), model_directory));
  std::map<std::string, std::vector<std::string>> labels_by_output(labels.by_output().begin(),
                                                                   labels.by_output().end());
  ASSIGN_OR_RETURN(std::unique_ptr<BatchStrategy> strategy, LoadStrategy(query, *plugin));
  auto model = std::make_unique<BackendModel>(std::move(plugin), std::move(labels_by_output), std::move(strategy),
                                              options, impl_->limiter);
  RETURN_IF_ERROR(model->Start(impl_->context));
  return impl_->Publish(std::move(model));
}

std::string BackendManager::MissingBackendHint(const std::string& model_directory, int64_t version,
                                               const inference::ModelConfig& config) const {
  if (config.backend().empty()) return "";
  if (FindBackendLibrary(LibraryQueryFor(model_directory, version, config, impl_->options)).ok()) return "";
  const std::vector<std::string> installed =
      InstalledBackends({impl_->options.backend_directory, impl_->options.repository_fallback_directory});
  const std::vector<std::string> near = NearestNames(config.backend(), installed, 1);
  return fmt::format("found backends {} in '{}'{}", installed.empty() ? "none" : Join(installed, ", "),
                     impl_->options.backend_directory,
                     near.empty() ? "" : fmt::format("; did you mean backend: '{}'?", near[0]));
}

void BackendManager::TearDown(ModelHandle last) {
  if (Impl::Retirer* retirer = std::get_deleter<Impl::Retirer>(last)) retirer->at_once = true;
  last.reset();
}

Status BackendManager::UpdateInstanceGroups(Model& model, const inference::ModelConfig& config, std::stop_token stop) {
  auto* backend_model = dynamic_cast<BackendModel*>(&model);
  if (backend_model == nullptr) return Internal("model '{}' has no instances to update", model.name());
  inference::ModelConfig wanted = model.config();
  *wanted.mutable_instance_group() = config.instance_group();
  NormalizeInstanceGroups(impl_->gpus.For(wanted), backend_model->backend().attribute().preferred_groups, wanted);
  RETURN_IF_ERROR(ValidateInstanceGroups(wanted, impl_->gpus.InventoryFor(wanted)));
  RETURN_IF_ERROR(impl_->gpus.CheckLimits(wanted));
  RETURN_IF_ERROR(backend_model->UpdateInstanceGroups(wanted, std::move(stop)));
  *wanted.mutable_version_policy() = config.version_policy();
  model.UpdateConfig(std::move(wanted));
  return {};
}

std::string BackendManager::WhyLost(const Model& model) {
  const auto* const backend_model = dynamic_cast<const BackendModel*>(&model);
  return backend_model == nullptr ? "" : backend_model->WhyLost();
}

std::vector<BackendManager::LoadedBackend> BackendManager::LoadedBackends() const {
  std::vector<LoadedBackend> rows;
  for (const std::shared_ptr<Backend>& backend : impl_->registry.All()) {
    rows.push_back({backend->name(), backend->library_path(), backend->config_message().json()});
  }
  return rows;
}

uint64_t BackendManager::PinnedMemoryTotalBytes() const { return impl_->memory.pinned_total_bytes(); }
uint64_t BackendManager::PinnedMemoryUsedBytes() const { return impl_->memory.pinned_used_bytes(); }

}  // namespace neso
