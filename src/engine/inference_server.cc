#include "engine/inference_server.h"

#include <algorithm>
#include <cstdlib>
#include <span>

#include "backend/backend_manager.h"
#include "base/catch_exceptions.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/saturating.h"
#include "base/timer_queue.h"
#include "cache/cache_library.h"
#include "cache/caching_scheduler.h"
#include "config/ensemble.h"
#include "config/json.h"
#include "engine/check_options.h"
#include "engine/object_store_metrics.h"
#include "engine/on_demand_metrics.h"
#include "engine/server_metrics.h"
#include "engine/used_gpu_memory.h"
#include "ensemble/ensemble_model.h"
#include "observe/gpu_metrics.h"
#include "observe/host_metrics.h"
#include "observe/metric_registry.h"
#include "observe/model_metrics.h"
#include "observe/model_summaries.h"
#include "observe/process_metrics.h"
#include "repository/latch.h"
#include "repository/layout_hint.h"
#include "repository/on_demand/on_demand_models.h"
#include "repository/repository.h"
#include "repository/storage/local_disk.h"

namespace neso {
namespace {

// Threads that run instances. Work is posted once an instance, so instances are the real limit.
constexpr size_t kMaxExecutorThreads = 4096;

// Models of backends, and those made of other models; behind the response cache if they enable it.
class BackendLoader final : public VersionLoader {
 public:
  // `cache` may be null.
  BackendLoader(BackendManager& backends, EnsembleContext ensembles, std::shared_ptr<ResponseCache> cache,
                TRITONSERVER_Server* server)
      : backends_(backends), ensembles_(std::move(ensembles)), cache_(std::move(cache)), server_(server) {}

  Expected<ModelHandle> Load(const PolledModel& model, int64_t version, const std::stop_token& stop) override {
    ASSIGN_OR_RETURN(ModelHandle loaded, LoadUncached(model, version, stop));
    if (!loaded->config().response_cache().enable()) return loaded;
    if (cache_ == nullptr) {
      LOG_WARNING("model '{}' enables the response cache, and the server has none (--cache-config): all is executed",
                  loaded->name());
      return loaded;
    }
    RETURN_IF_ERROR(CacheResponses(*loaded, cache_, ensembles_.executor));
    return loaded;
  }
  std::string Explain(const PolledModel& model, int64_t version) override {
    if (model.local.path.empty()) return {};  // it never came here
    std::string missing_backend = backends_.MissingBackendHint(model.local.path, version, model.config);
    if (!missing_backend.empty()) return missing_backend;
    return VersionFolderHint(model.config, version, ListFolder(model.local.path + "/" + std::to_string(version)));
  }
  std::string WhyLost(const Model& serving) const override { return BackendManager::WhyLost(serving); }
  void End(ModelHandle last) override { backends_.TearDown(std::move(last)); }
  Status UpdateInPlace(Model& serving, const inference::ModelConfig& config, const std::stop_token& stop) override {
    if (IsEnsemble(config)) {
      serving.UpdateConfig(config);
      return {};
    }
    return backends_.UpdateInstanceGroups(serving, config, stop);
  }

 private:
  Expected<ModelHandle> LoadUncached(const PolledModel& model, int64_t version, const std::stop_token& stop) {
    if (IsEnsemble(model.config)) return MakeEnsemble(model.local.path, version, model.config, ensembles_);
    return backends_.LoadModel(model.local.path, version, model.config, model.config_given, server_, stop);
  }

  BackendManager& backends_;
  const EnsembleContext ensembles_;
  const std::shared_ptr<ResponseCache> cache_;
  TRITONSERVER_Server* const server_;
};

BackendOptions BackendOptionsOf(const ServerOptions& options) {
  BackendOptions backend;
  backend.backend_directory = options.backend_directory;
  backend.settings = options.backend_config;
  backend.auto_complete = !options.strict_model_config;
  backend.min_compute_capability = options.min_compute_capability;
  backend.host_policies = options.host_policies;
  if (options.rate_limit == TRITONSERVER_RATE_LIMIT_EXEC_COUNT) backend.rate_limits = options.rate_limit_resources;
  backend.memory_pools = {.pinned_bytes = options.pinned_memory_pool_bytes,
                          .gpu_bytes = options.cuda_memory_pool_bytes};
  for (const auto& [device, fraction] : options.load_device_limits) backend.gpu_load_limits[device.second] = fraction;
  backend.gpu_addresses = options.cuda_virtual_address_bytes;
  backend.peer_access = options.peer_access;
  if (options.metrics) {
    backend.histogram_bounds = *HistogramBounds(options);  // checked before
    backend.latency_summaries = HasSummaries(options) || options.latency_summaries;
  }
  return backend;
}

RepositoryOptions RepositoryOptionsOf(const ServerOptions& options, TimerQueue& timers) {
  RepositoryOptions repository;
  repository.paths = options.model_repositories;
  repository.control_mode = options.control_mode;
  repository.startup_models = options.startup_models;
  repository.model_config_name = options.model_config_name;
  repository.poll = {.auto_complete = !options.strict_model_config};
  repository.agents.directory = options.repoagent_directory;
  for (const auto& [name, settings] : options.required_agents) repository.agents.required.push_back({name, settings});
  repository.lifecycle = {.load_threads = options.model_load_threads,
                          .load_retries = options.model_load_retries,
                          .namespacing = options.model_namespacing,
                          .timers = &timers};
  repository.objects = {.cache_directory = options.object_cache_directory,
                        .connections = options.object_store_connections,
                        .stall_timeout_seconds = options.object_store_timeout_seconds};
  return repository;
}

// Null if there are none. As with Triton, the environment can say that they are nobody's business.
std::shared_ptr<CudaDriver> GpusToMeasure() {
  if (std::getenv("TRITON_SERVER_CPU_ONLY") != nullptr || !MachineHasGpu()) return nullptr;
  const Expected<std::shared_ptr<CudaDriver>> driver = CudaDriver::OfProcess();
  return driver ? *driver : nullptr;
}

void WarnOfMissingGpus(const MemoryLimits& budget, const CudaDriver* driver) {
  const size_t here = driver == nullptr ? 0 : driver->devices().size();
  for (const auto& [gpu, bytes] : budget.gpus) {
    if (std::cmp_less(gpu, here)) continue;
    LOG_WARNING("the memory budget of {} bytes for GPU {} bounds nothing: the GPUs here are {}, counted from 0", bytes,
                gpu, here);
  }
}

std::string UuidOf(const CudaDriver& driver, int gpu) {
  const std::span<const GpuDevice> gpus = driver.devices();
  return gpu >= 0 && static_cast<size_t>(gpu) < gpus.size() ? gpus[static_cast<size_t>(gpu)].uuid : "";
}

}  // namespace

const std::vector<std::string>& ServerExtensions() {
  static const std::vector<std::string> extensions = {"classification",
                                                      "sequence",
                                                      "model_repository",
                                                      "model_repository(unload_dependents)",
                                                      "schedule_policy",
                                                      "model_configuration",
                                                      "system_shared_memory",
                                                      "cuda_shared_memory",
                                                      "binary_tensor_data",
                                                      "parameters",
                                                      "statistics",
                                                      "trace",
                                                      "logging"};
  return extensions;
}

// --- start -----------------------------------------------------------------------------------------------------------

InferenceServer::InferenceServer(const ServerOptions& options)
    : options_(options),
      metadata_{options.server_id, kServerVersion, ServerExtensions()},
      exit_timeout_seconds_(options.exit_timeout_seconds),
      finder_(*this) {}

Expected<std::unique_ptr<InferenceServer>> InferenceServer::Start(const ServerOptions& options,
                                                                  const StartupReport& report) {
  RETURN_IF_ERROR(CheckServerOptions(options));
  std::unique_ptr<InferenceServer> server(new InferenceServer(options));
  RETURN_IF_ERROR(server->MakeParts());
  const Status paths = server->repository_->CheckPaths();
  if (!paths.ok() && options.exit_on_error) return paths;
  if (!paths.ok()) LOG_ERROR("the server stays up without models, and is not ready: {}", paths.message());
  Status loaded = paths.ok() ? server->LoadStartupModels() : paths;
  if (report) report(*server);
  if (!loaded.ok() && options.exit_on_error) {
    const Status stopped = server->Stop();
    if (!stopped.ok()) LOG_ERROR("failed to stop server: {}", stopped.ToString());
    return loaded;
  }
  server->ready_.store(paths.ok(), std::memory_order_release);
  return server;
}

Status InferenceServer::LoadStartupModels() {
  return on_demand_ != nullptr ? on_demand_->LoadStartupModels() : repository_->LoadStartupModels();
}

Status InferenceServer::MakeParts() {
  metrics_ = std::make_unique<MetricRegistry>();
  executor_ = std::make_unique<Executor>("neso-execute", kMaxExecutorThreads);
  questions_ = std::make_unique<ReadinessQuestions>(*executor_, activities_);
  timers_ = std::make_unique<TimerQueue>();
  BackendOptions backend_options = BackendOptionsOf(options_);
  EnsembleContext ensembles{.finder = finder_, .executor = *executor_, .histogram_bounds = {}};
  ensembles.histogram_bounds = backend_options.histogram_bounds;
  ensembles.latency_summaries = backend_options.latency_summaries;
  backends_ = std::make_unique<BackendManager>(std::move(backend_options),
                                               SchedulingContext{*executor_, *timers_, SteadyClock::Instance()});
  if (!options_.cache_config.empty()) {
    const auto& [name, settings] = *options_.cache_config.begin();
    ASSIGN_OR_RETURN(cache_, CacheLibrary::Open(name, options_.cache_directory, settings));
  }
  loader_ = std::make_unique<BackendLoader>(*backends_, std::move(ensembles), cache_, this);
  ASSIGN_OR_RETURN(repository_, ModelRepository::Create(RepositoryOptionsOf(options_, *timers_), *loader_));
  if (options_.load_on_demand) {
    const std::shared_ptr<CudaDriver> gpus = GpusToMeasure();
    WarnOfMissingGpus(options_.on_demand.budget, gpus.get());
    memory_ = std::make_unique<SystemMemory>(UsedGpuMemory(gpus));
    on_demand_ = std::make_unique<OnDemandModels>(
        options_.on_demand, OnDemandModels::Parts{*repository_, *memory_, *executor_, *timers_, activities_});
  }
  if (options_.metrics) AddCollectors();
  return {};
}

void InferenceServer::AddCollectors() {
  const std::shared_ptr<CudaDriver> gpus = options_.gpu_metrics ? GpusToMeasure() : nullptr;
  ModelMetricsOptions model_options{
      .counter_latencies = MetricsSetting(options_, "counter_latencies", "true") != "false",
      .has_cache = cache_ != nullptr};
  if (gpus != nullptr) model_options.gpu_uuid = [gpus](int gpu) { return UuidOf(*gpus, gpu); };
  metrics_->AddCollector(ModelMetricsCollector([this] { return ReadyModels(); }, std::move(model_options)));
  metrics_->AddCollector(ObjectStoreMetricsCollector(repository_->storages()));
  metrics_->AddCollector(PinnedMemoryCollector(backends_->PinnedMemoryTotalBytes(),
                                               [this] { return backends_->PinnedMemoryUsedBytes(); }));
  if (gpus != nullptr) {
    if (Expected<std::unique_ptr<GpuMonitor>> monitor = GpuMonitor::OpenDefault()) {
      metrics_->AddCollector(GpuMetricsCollector(std::make_shared<MonitorReader>(gpus->devices(), *std::move(monitor)),
                                                 SteadyClock::Instance(),
                                                 SaturatingMilliseconds(options_.metrics_interval_ms)));
    } else {
      LOG_WARNING("no metrics of GPUs: {}", monitor.error().message());
    }
  }
  if (options_.cpu_metrics) {
    LOG_INFO("Collecting CPU metrics");
    metrics_->AddCollector(HostMetricsCollector(std::make_shared<HostReader>(), SteadyClock::Instance(),
                                                SaturatingMilliseconds(options_.metrics_interval_ms)));
  }
  if (on_demand_ != nullptr) metrics_->AddCollector(OnDemandMetricsCollector(*on_demand_));
  if (HasSummaries(options_)) {
    metrics_->AddCollector(
        ModelSummariesCollector([this] { return ReadyModels(); }, SummaryQuantiles(options_), cache_ != nullptr));
  }
  metrics_->AddCollector(ServerMetricsCollector(*this));
  metrics_->AddCollector(ProcessMetricsCollector());
}

Status InferenceServer::CheckServing() const {
  return ready_.load(std::memory_order_acquire) && !IsStopping() ? Status() : Unavailable("Server not ready");
}

// --- models ----------------------------------------------------------------------------------------------------------

ModelHandle InferenceServer::ServingFinder::Serving(std::string_view name, int64_t version) const {
  ModelHandle model = server_.repository_->lifecycle().serving().Find(name, version);
  if (server_.on_demand_ != nullptr && model != nullptr) OnDemandModels::NoteUse(*model);
  return model;
}

Status InferenceServer::ServingFinder::WhyNotServing(std::string_view name, int64_t version) const {
  if (!server_.ready_.load(std::memory_order_acquire)) return Unavailable("Server not ready");
  return server_.repository_->lifecycle().WhyNotServing(name, version);
}

void InferenceServer::ServingFinder::Bring(std::string_view name, int64_t version, Found found) const {
  if (server_.on_demand_ == nullptr || !server_.ready_.load(std::memory_order_acquire)) {
    return found(WhyNotServing(name, version));
  }
  server_.on_demand_->Bring(name, version, std::move(found));
}

void InferenceServer::WithModel(std::string_view name, int64_t version, ModelFinder::Found then) const {
  if (Status serving = CheckServing(); !serving.ok()) return then(std::move(serving));
  models().FindThen(name, version, std::move(then));
}

Expected<ModelHandle> InferenceServer::Await(std::string_view name, int64_t version) const {
  if (on_demand_ == nullptr) return models().Find(name, version);
  Latch found(1);
  Expected<ModelHandle> result = Expected<ModelHandle>(ModelHandle());
  models().FindThen(name, version, [&](Expected<ModelHandle> model) {
    result = std::move(model);
    found.CountDown();
  });
  found.Wait();
  return result;
}

std::vector<int64_t> InferenceServer::ReadyVersions(std::string_view name) const {
  std::vector<int64_t> versions;
  for (const auto& model : repository_->lifecycle().serving().Versions(name)) versions.push_back(model->version());
  return versions;
}

std::vector<ModelHandle> InferenceServer::ReadyModels() const { return repository_->lifecycle().serving().All(); }

Expected<ModelMetadata> InferenceServer::MetadataOf(std::string_view name, int64_t version) const {
  RETURN_IF_ERROR(CheckServing());
  ASSIGN_OR_RETURN(ModelHandle model, models().Find(name, version));
  return MetadataOf(std::move(model), version);
}

ModelMetadata InferenceServer::MetadataOf(ModelHandle model, int64_t version) const {
  std::vector<int64_t> versions = version == -1 ? ReadyVersions(model->id()) : std::vector<int64_t>{version};
  return {std::move(model), std::move(versions)};
}

Expected<ModelHandle> InferenceServer::WhoseConfig(std::string_view name, int64_t version,
                                                   uint32_t config_version) const {
  RETURN_IF_ERROR(CheckServing());
  ASSIGN_OR_RETURN(ModelHandle model, models().Find(name, version));
  RETURN_IF_ERROR(CheckConfigVersion(config_version));
  return model;
}

Expected<std::vector<ModelHandle>> InferenceServer::WhoseStatistics(std::string_view name, int64_t version) const {
  RETURN_IF_ERROR(CheckServing());
  if (name.empty()) return ReadyModels();
  std::vector<ModelHandle> models = repository_->lifecycle().serving().Versions(name);
  if (models.empty()) return InvalidArg("requested model '{}' is not available", name);
  if (version != -1) {
    std::erase_if(models, [version](const ModelHandle& model) { return model->version() != version; });
    if (models.empty()) return InvalidArg("requested model version is not available for model '{}'", name);
  }
  return models;
}

Expected<std::vector<ModelIndexEntry>> InferenceServer::Index(bool ready_only) const {
  if (!ready_.load(std::memory_order_acquire)) return Unavailable("Server not ready");
  return on_demand_ != nullptr ? on_demand_->Index(ready_only) : repository_->Index(ready_only);
}

std::vector<ModelIndexEntry> InferenceServer::ModelStates() const {
  return on_demand_ != nullptr ? on_demand_->States() : repository_->lifecycle().States();
}

std::map<std::string, std::string> InferenceServer::StartupFailures() const { return repository_->StartupFailures(); }

Status InferenceServer::LoadModel(const std::string& name, const std::vector<LoadParameter>& parameters) {
  RETURN_IF_ERROR(CheckServing());
  const Gate::Pass activity = activities_.Enter();
  if (!activity) return Unavailable("Server not ready");
  return CatchExceptions([&] {
    return on_demand_ != nullptr ? on_demand_->Load(name, parameters) : repository_->LoadModel(name, parameters);
  });
}

Status InferenceServer::UnloadModel(const std::string& name, bool unload_dependents) {
  RETURN_IF_ERROR(CheckServing());
  const Gate::Pass activity = activities_.Enter();
  if (!activity) return Unavailable("Server not ready");
  return on_demand_ != nullptr ? on_demand_->Unload(name, unload_dependents)
                               : repository_->UnloadModel(name, unload_dependents);
}

bool InferenceServer::WaitUntilUnloaded(std::string_view name, TimePoint deadline) const {
  return repository_->lifecycle().WaitUntilUnloaded(name, deadline);
}

Status InferenceServer::RegisterRepository(const std::string& path,
                                           const std::map<std::string, std::string>& name_mapping) {
  RETURN_IF_ERROR(CheckServing());
  return repository_->RegisterRepository(path, name_mapping);
}

Status InferenceServer::UnregisterRepository(const std::string& path) {
  RETURN_IF_ERROR(CheckServing());
  return repository_->UnregisterRepository(path);
}

Status InferenceServer::PollRepository(PollCare care) {
  RETURN_IF_ERROR(CheckServing());
  const Gate::Pass activity = activities_.Enter();
  if (!activity) return Unavailable("Server not ready");
  return CatchExceptions([&] { return repository_->PollChanges(care); });
}

std::string InferenceServer::MetricsText(MetricFormat format) const {
  MetricWriter writer(format);
  metrics_->Write(writer);
  MetricRegistry::OfProcess().Write(writer);
  return writer.Take();
}

std::vector<InferenceServer::AgentRow> InferenceServer::AgentRows() const {
  std::vector<AgentRow> rows;
  for (const auto& agent : repository_->Agents()) rows.push_back({agent->name(), agent->path()});
  return rows;
}

std::vector<InferenceServer::BackendRow> InferenceServer::BackendRows() const {
  std::vector<BackendRow> rows;
  for (const BackendManager::LoadedBackend& backend : backends_->LoadedBackends()) {
    rows.push_back({backend.name, backend.path, backend.config_json});
  }
  return rows;
}

}  // namespace neso
