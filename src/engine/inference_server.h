// The server as a library: repository, backends, readiness, statistics. Front ends and the C ABI meet it here.
//
//   Expected<std::unique_ptr<InferenceServer>> server = InferenceServer::Start(options);
//   ASSIGN_OR_RETURN(ModelHandle model, (*server)->models().Find("digits", -1));
//   auto request = InferenceRequest::Create(std::move(model), -1);
//   ...
//   InferenceRequest::Submit(request);
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "base/gate.h"
#include "base/mutex.h"
#include "base/status.h"
#include "core/model.h"
#include "core/model_finder.h"
#include "engine/readiness_questions.h"
#include "engine/reports.h"
#include "engine/server_options.h"
#include "repository/load_parameter.h"
#include "repository/model_state.h"
#include "repository/poll_care.h"

namespace neso {

class BackendManager;
class Executor;
class MemoryReader;
enum class MetricFormat;
class MetricRegistry;
class ModelRepository;
class OnDemandModels;
class ResponseCache;
class TimerQueue;
class VersionLoader;

inline constexpr const char* kServerVersion = "2.73.0";
// In the order clients get them.
const std::vector<std::string>& ServerExtensions();

// Thread-safe.
class InferenceServer final : public TRITONSERVER_Server {
 public:
  // Called when the start-up models have been loaded, or have failed to: the caller logs the start-up tables there.
  using StartupReport = std::function<void(const InferenceServer&)>;

  // Makes the parts and loads the start-up models. With exit_on_error a model that fails to load is an error:
  // kInternal "failed to load all models"; `report` has seen the server even then. So is a repository that is not
  // there; without exit_on_error the server then stays up, and never gets ready.
  static Expected<std::unique_ptr<InferenceServer>> Start(const ServerOptions& options,
                                                          const StartupReport& report = {});
  ~InferenceServer();  // stops first

  // From now on the server says that it is not ready, and serves as before: load balancers look elsewhere before it stops.
  void AnnounceStop() { leaving_.store(true, std::memory_order_release); }
  // Loads that are under way end soon, with an error. For a process that lets its clients' connections end before Stop.
  void PrepareForExit();
  // Refuses new requests, waits for those in flight, then unloads; up to the exit timeout in all. May be tried again.
  // Error: kInternal "Exit timeout expired. Exiting immediately."
  Status Stop();
  // The same, by a point in time.
  Status StopBy(TimePoint deadline);
  void SetExitTimeout(unsigned seconds);
  // What IsReady says as long as no backend says otherwise: for those who ask often.
  bool IsReadyButForBackends() const;
  bool IsStopping() const { return stopping_.load(std::memory_order_acquire); }

  // Errors of these two: kUnavailable "Server exiting".
  Expected<bool> IsLive() const;
  Expected<bool> IsReady() const;
  // Lookup errors as of models(); false when the backend says that it cannot serve now.
  Expected<bool> IsModelReady(std::string_view name, int64_t version) const;
  // The same for threads that must not wait, with the reason for people: backends are asked, which may take seconds.
  void AskReady(ReadinessQuestions::Tell tell) const;
  void AskModelReady(std::string_view name, int64_t version, ReadinessQuestions::Tell tell) const;

  // Where requests find the models that answer them. Error beside those of the lookup table: kUnavailable "Server not
  // ready" while the server starts.
  const ModelFinder& models() const { return finder_; }
  // As models().FindThen, for questions about a model: errors as of Metadata().
  void WithModel(std::string_view name, int64_t version, ModelFinder::Found then) const;
  // As models().Find, and waits for a model that is loaded on demand: not for network threads.
  Expected<ModelHandle> Await(std::string_view name, int64_t version) const;
  // Ready versions, ascending.
  std::vector<int64_t> ReadyVersions(std::string_view name) const;
  // Every ready model version.
  std::vector<ModelHandle> ReadyModels() const;

  // What the server tells of itself and its models; engine/server_json.h has it as text. Errors of these: kUnavailable
  // "Server not ready", and as of models().
  const ServerMetadata& Metadata() const { return metadata_; }
  Expected<ModelMetadata> MetadataOf(std::string_view name, int64_t version) const;
  // `version` as it was asked for.
  ModelMetadata MetadataOf(ModelHandle model, int64_t version) const;
  // The model whose configuration that is. Error: kUnsupported for another version of the text than 1.
  Expected<ModelHandle> WhoseConfig(std::string_view name, int64_t version, uint32_t config_version = 1) const;
  // The models whose statistics those are; empty name: all that are ready.
  Expected<std::vector<ModelHandle>> WhoseStatistics(std::string_view name, int64_t version) const;
  // Error: kUnavailable "Server not ready" when there is no repository to look into.
  Expected<std::vector<ModelIndexEntry>> Index(bool ready_only) const;
  // What was loaded or tried; a model of which no version was found has version -1. Of models that are loaded on demand,
  // those that a request would load now are not there.
  std::vector<ModelIndexEntry> ModelStates() const;
  // What could not be loaded at the start, and why, but for what has been taken away since.
  std::map<std::string, std::string> StartupFailures() const;

  // Explicit mode only; kUnavailable otherwise. Load returns when loading has finished, Unload when it has begun.
  Status LoadModel(const std::string& name, const std::vector<LoadParameter>& parameters = {});
  Status UnloadModel(const std::string& name, bool unload_dependents);
  // Until nothing of the model's versions is left, requests included. False when `deadline` passed first, or the server
  // stops.
  bool WaitUntilUnloaded(std::string_view name, TimePoint deadline) const;
  Status RegisterRepository(const std::string& path, const std::map<std::string, std::string>& name_mapping);
  Status UnregisterRepository(const std::string& path);
  // Poll mode only; kUnavailable "polling is disabled" otherwise. Returns when what has changed in the repository has been
  // loaded and unloaded, or has failed to, which is logged. Error: a repository cannot be listed.
  Status PollRepository(PollCare care);

  // What all metrics are now.
  std::string MetricsText(MetricFormat format) const;
  MetricRegistry& metrics() { return *metrics_; }
  const ServerOptions& options() const { return options_; }

  // What the start-up tables show.
  struct BackendRow {
    std::string name, path, config;
  };
  std::vector<BackendRow> BackendRows() const;
  struct AgentRow {
    std::string name, path;
  };
  std::vector<AgentRow> AgentRows() const;

 private:
  explicit InferenceServer(const ServerOptions& options);
  Status MakeParts();
  Status LoadStartupModels();
  void AddCollectors();
  // Errors: kUnavailable "Server not ready".
  Status CheckServing() const;
  // Nothing if only the models can say.
  std::optional<Readiness> ReadinessWithoutModels() const;
  Readiness ReadinessOfModels() const;
  Expected<ModelHandle> WhoseReadiness(std::string_view name, int64_t version) const;
  // Of a model that a request would load.
  Readiness ReadinessOnDemand(std::string_view name, int64_t version) const;
  void AskReadyOnDemand(std::string name, int64_t version, ReadinessQuestions::Tell tell) const;
  Status DrainInferences(TimePoint deadline);
  Status UnloadAll(TimePoint deadline);

  // What serves, or why it does not.
  class ServingFinder final : public ModelFinder {
   public:
    explicit ServingFinder(const InferenceServer& server) : server_(server) {}

   private:
    ModelHandle Serving(std::string_view name, int64_t version) const override;
    Status WhyNotServing(std::string_view name, int64_t version) const override;
    void Bring(std::string_view name, int64_t version, Found found) const override;

    const InferenceServer& server_;
  };

  const ServerOptions options_;
  mutable Gate activities_;  // requests under way that are no inference, for which a stop waits
  // Set when a model that is being stopped has executed its last request; models keep it.
  const std::shared_ptr<Event> models_idle_ = std::make_shared<Event>();
  Mutex stop_mutex_;
  std::optional<Status> stop_result_ GUARDED_BY(stop_mutex_);
  const ServerMetadata metadata_;
  std::atomic<bool> leaving_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> ready_{false};
  std::atomic<unsigned> exit_timeout_seconds_;
  const ServingFinder finder_;
  // Destroyed in reverse: models go before what they run on.
  std::unique_ptr<MetricRegistry> metrics_;
  std::unique_ptr<ReadinessQuestions> questions_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<TimerQueue> timers_;
  std::shared_ptr<ResponseCache> cache_;  // null: none; models that use it keep it, too
  std::unique_ptr<BackendManager> backends_;
  std::unique_ptr<VersionLoader> loader_;
  std::unique_ptr<ModelRepository> repository_;
  std::unique_ptr<MemoryReader> memory_;
  std::unique_ptr<OnDemandModels> on_demand_;  // null: models are loaded at the start, and by load requests
};

}  // namespace neso
