// A batching library: a plug-in that decides, request by request, what joins a dynamic batch of its model.
//
//   ASSIGN_OR_RETURN(std::unique_ptr<BatchLibrary> library, BatchLibrary::Load(path, plugin));
//   std::unique_ptr<BatchStrategy::Batch> batch = library->Begin();
//   if (batch->Include(request)) ...
#pragma once

#include <memory>
#include <string>

#include "backend/plugin_model.h"
#include "base/shared_library.h"
#include "base/status.h"
#include "schedule/batch_strategy.h"

namespace neso {

// What a batching library implements: all or nothing.
struct BatchFunctions {
  TRITONSERVER_Error* (*batcher_initialize)(TRITONBACKEND_Batcher**, TRITONBACKEND_Model*) = nullptr;
  TRITONSERVER_Error* (*batcher_finalize)(TRITONBACKEND_Batcher*) = nullptr;
  TRITONSERVER_Error* (*batch_initialize)(const TRITONBACKEND_Batcher*, void**) = nullptr;
  TRITONSERVER_Error* (*batch_include)(TRITONBACKEND_Request*, void*, bool*) = nullptr;
  TRITONSERVER_Error* (*batch_finalize)(void*) = nullptr;
};

// As BatchStrategy. A failing function is logged; whatever it is, requests are executed: one that it cannot say
// anything about begins a batch.
class BatchLibrary final : public BatchStrategy {
 public:
  // Opens the library and runs TRITONBACKEND_ModelBatcherInitialize. `model` is borrowed. Null, with a warning: the
  // library has none of the functions.
  // Errors: kNotFound as SharedLibrary has it, kInvalidArg if functions are missing, or what the library says.
  static Expected<std::unique_ptr<BatchLibrary>> Load(const std::string& path, PluginModel& model);
  // Runs TRITONBACKEND_ModelBatcherFinalize.
  ~BatchLibrary() override;
  BatchLibrary(const BatchLibrary&) = delete;
  BatchLibrary& operator=(const BatchLibrary&) = delete;

  std::unique_ptr<Batch> Begin() override;

 private:
  class LibraryBatch;
  BatchLibrary(const BatchFunctions& functions, const PluginModel& model) : functions_(functions), model_(model) {}
  void Log(std::string_view what, const Status& status) const;

  const BatchFunctions functions_;
  const PluginModel& model_;
  TRITONBACKEND_Batcher* batcher_ = nullptr;
};

}  // namespace neso
