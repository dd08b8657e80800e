// A model of the TensorRT backend.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "engine.h"
#include "neso/backend/backend.h"
#include "options.h"

namespace neso::tensorrt {

class TensorRtModel final : public backend::Model {
 public:
  static Status InitializeBackend(const backend::Backend& backend);
  static Status DescribeBackend(const backend::Backend&, TRITONBACKEND_BackendAttribute* attributes);

  Status Initialize();

  // The error for anything but a GPU. `reason`: why there is none, if nobody asked for something else.
  Status OnlyOnGpu(std::string_view reason) const;

  const Options& options() const { return options_; }
  const rapidjson::Document& document() const { return document_; }
  // The engine for `gpu`, and its DLA core unless that is -1: one for all instances there. `user` is named if the file is
  // missing.
  Result<EnginePtr> EngineFor(const GpuPtr& gpu, int64_t dla_core, const std::string& user);

 private:
  Result<std::string> PathFor(const Gpu& gpu) const;
  Status Complete(const FirstGroup& group);

  Options options_;
  rapidjson::Document document_;
  // One engine is loaded at a time: two would need twice the memory for a while. Guards what follows.
  std::mutex loading_;
  std::map<std::pair<int32_t, int64_t>, std::weak_ptr<Engine>> engines_;  // by GPU and DLA core
  EnginePtr kept_;  // loaded to complete the configuration, until the first instance takes it
};

}  // namespace neso::tensorrt
