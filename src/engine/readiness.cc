// Whether an InferenceServer lives, is ready, and its models are.
#include <optional>
#include <string>
#include <utility>

#include "base/catch_exceptions.h"
#include "base/executor.h"
#include "engine/inference_server.h"
#include "repository/on_demand/on_demand_models.h"
#include "repository/repository.h"

namespace neso {
namespace {

Readiness ReadinessOf(const Model& model) {
  const Status ready = model.CheckReady();
  return ready.ok() ? std::nullopt : std::optional<std::string>(ready.message());
}

// Whether a model can be had, for an executor, since a folder is read for the answer.
struct OnDemandQuestion {
  OnDemandQuestion(std::string name, int64_t version, ReadinessQuestions::Tell tell, Gate::Pass activity)
      : name(std::move(name)), version(version), tell(std::move(tell)), activity(std::move(activity)) {}
  std::string name;
  int64_t version;
  ReadinessQuestions::Tell tell;
  Gate::Pass activity;
};

Expected<bool> ToBool(const Readiness& readiness) {
  if (!readiness) return readiness.error();
  return !readiness->has_value();
}

}  // namespace

Expected<bool> InferenceServer::IsLive() const {
  if (IsStopping()) return Unavailable("Server exiting");
  return true;
}

std::optional<Readiness> InferenceServer::ReadinessWithoutModels() const {
  if (IsStopping()) return Unavailable("Server exiting");
  if (leaving_.load(std::memory_order_acquire)) return std::optional<std::string>("the server is about to stop");
  if (!ready_.load(std::memory_order_acquire)) return std::optional<std::string>("the server is starting");
  // Models on demand come and go; a request has the one that it wants.
  if (!options_.strict_readiness || on_demand_ != nullptr) return std::optional<std::string>();
  for (const ModelIndexEntry& entry : repository_->lifecycle().States()) {
    if (entry.state == ModelState::kReady || IsUnloadedReason(entry.reason)) continue;
    if (entry.version < 0) return std::optional(fmt::format("model '{}' has no version to serve", entry.name));
    return std::optional(fmt::format("model '{}' version {} is {}{}{}", entry.name, entry.version,
                                     ModelStateName(entry.state), entry.reason.empty() ? "" : ": ", entry.reason));
  }
  return std::nullopt;
}

Readiness InferenceServer::ReadinessOfModels() const {
  for (const ModelHandle& model : ReadyModels()) {
    ASSIGN_OR_RETURN(const std::optional<std::string> reason, ReadinessOf(*model));
    if (reason) return std::optional(fmt::format("model '{}' version {}: {}", model->id(), model->version(), *reason));
  }
  return std::optional<std::string>();
}

bool InferenceServer::IsReadyButForBackends() const {
  const std::optional<Readiness> known = ReadinessWithoutModels();
  return !known || (*known && !(*known)->has_value());
}

Expected<bool> InferenceServer::IsReady() const {
  const std::optional<Readiness> known = ReadinessWithoutModels();
  return ToBool(known ? *known : ReadinessOfModels());
}

Expected<ModelHandle> InferenceServer::WhoseReadiness(std::string_view name, int64_t version) const {
  RETURN_IF_ERROR(CheckServing());
  return models().Find(name, version);
}

Expected<bool> InferenceServer::IsModelReady(std::string_view name, int64_t version) const {
  const Expected<ModelHandle> model = WhoseReadiness(name, version);
  if (model) return ToBool(ReadinessOf(**model));
  return ToBool(on_demand_ != nullptr ? ReadinessOnDemand(name, version) : model.error());
}

Readiness InferenceServer::ReadinessOnDemand(std::string_view name, int64_t version) const {
  RETURN_IF_ERROR(CheckServing());
  RETURN_IF_ERROR(on_demand_->CheckAvailable(name, version));
  return std::optional<std::string>();
}

void InferenceServer::AskReady(ReadinessQuestions::Tell tell) const {
  if (const std::optional<Readiness> known = ReadinessWithoutModels()) return tell(*known);
  questions_->Ask(
      this, [this] { return ReadinessOfModels(); }, std::move(tell));
}

void InferenceServer::AskModelReady(std::string_view name, int64_t version, ReadinessQuestions::Tell tell) const {
  Expected<ModelHandle> model = WhoseReadiness(name, version);
  if (!model && on_demand_ != nullptr) return AskReadyOnDemand(std::string(name), version, std::move(tell));
  if (!model) return tell(model.error());
  const Model* const about = model->get();
  questions_->Ask(
      about, [model = *std::move(model)] { return ReadinessOf(*model); }, std::move(tell));
}

void InferenceServer::AskReadyOnDemand(std::string name, int64_t version, ReadinessQuestions::Tell tell) const {
  auto question = std::make_shared<OnDemandQuestion>(std::move(name), version, std::move(tell), activities_.Enter());
  if (!question->activity) return question->tell(Unavailable("Server not ready"));
  const auto answer = [this, question]() noexcept {
    question->tell(CatchExceptions([&] { return ReadinessOnDemand(question->name, question->version); }));
  };
  if (!executor_->Post(answer)) answer();
}

}  // namespace neso
