// What the life cycle needs of backends: a border, so that it can be tested without plug-ins.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "base/status.h"
#include "core/model.h"
#include "repository/poll.h"

namespace neso {

// Thread-safe.
class VersionLoader {
 public:
  virtual ~VersionLoader() = default;
  // Builds a version that can serve at once. Takes as long as it takes; when `stop` is requested it ends with an error as
  // soon as it can.
  virtual Expected<ModelHandle> Load(const PolledModel& model, int64_t version, const std::stop_token& stop) = 0;
  // What about the model's folder or this machine may explain that the load failed: a sentence for people. Empty:
  // nothing.
  virtual std::string Explain(const PolledModel& model, int64_t version) { return ""; }
  // Why a version that serves will answer nothing any more but errors, until it is loaded anew; empty: it may. Does not wait.
  virtual std::string WhyLost(const Model& serving) const { return ""; }
  // Ends what Load built, of which nobody else holds a reference; nothing of it remains on return.
  virtual void End(ModelHandle last) { last.reset(); }
  // Applies a configuration that differs only in instance_group and version_policy to a model that serves. `stop` as
  // Load's.
  virtual Status UpdateInPlace(Model& serving, const inference::ModelConfig& config, const std::stop_token& stop) = 0;
};

}  // namespace neso
