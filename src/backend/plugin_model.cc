#include "backend/plugin_model.h"

#include <utility>

#include "base/log.h"
#include "config/complete.h"
#include "config/parse.h"
#include "core/foreign_call.h"

namespace neso {

PluginModel::PluginModel(std::shared_ptr<Backend> backend, std::string folder, int64_t version,
                         inference::ModelConfig config, bool auto_complete, TRITONSERVER_Server* server)
    : backend_(std::move(backend)),
      name_(config.name()),
      folder_(std::move(folder)),
      version_(version),
      auto_complete_(auto_complete),
      server_(server),
      draft_(std::move(config)) {}

PluginModel::~PluginModel() {
  if (!initialize_called_) return;
  const Status status = CallForeign("TRITONBACKEND_ModelFinalize", backend_->functions().model_finalize, this);
  if (!status.ok()) LOG_ERROR("failed finalizing model '{}' version {}: {}", name_, version_, status.ToString());
}

Status PluginModel::Initialize() {
  initialize_called_ = true;
  return CallForeign("TRITONBACKEND_ModelInitialize", backend_->functions().model_initialize, this);
}

Status PluginModel::SetConfig(const std::string& json) {
  if (model_ != nullptr) return Internal("the configuration of model '{}' can be set while it initializes only", name_);
  ASSIGN_OR_RETURN(inference::ModelConfig proposal, ParseModelConfigJson(json));
  RETURN_IF_ERROR(MergeBackendConfig(proposal, draft_));
  config_was_set_ = true;
  return {};
}

void PluginModel::Attach(Model& model) {
  model_ = &model;
  draft_.Clear();
  if (!early_memory_usage_.empty()) ReportMemoryUsage(std::exchange(early_memory_usage_, {}));
}

void PluginModel::ReportMemoryUsage(std::vector<ModelStatistics::MemoryUsage> usage) {
  if (model_ == nullptr) {
    early_memory_usage_ = std::move(usage);
  } else {
    model_->statistics().SetMemoryUsage(this, std::move(usage));
  }
}

}  // namespace neso
