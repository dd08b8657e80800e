#include "backend/batch_library.h"

#include <utility>

#include "base/log.h"
#include "core/foreign_call.h"

namespace neso {
namespace {

BatchFunctions FindFunctions(const SharedLibrary& library, int& found) {
  BatchFunctions functions;
  const auto find = [&](auto*& function, const char* name) {
    function = library.Find<std::remove_pointer_t<std::remove_reference_t<decltype(function)>>>(name);
    found += function != nullptr ? 1 : 0;
  };
  find(functions.batcher_initialize, "TRITONBACKEND_ModelBatcherInitialize");
  find(functions.batcher_finalize, "TRITONBACKEND_ModelBatcherFinalize");
  find(functions.batch_initialize, "TRITONBACKEND_ModelBatchInitialize");
  find(functions.batch_include, "TRITONBACKEND_ModelBatchIncludeRequest");
  find(functions.batch_finalize, "TRITONBACKEND_ModelBatchFinalize");
  return functions;
}

}  // namespace

class BatchLibrary::LibraryBatch final : public BatchStrategy::Batch {
 public:
  explicit LibraryBatch(const BatchLibrary& library) : library_(library) {
    const Status status = CallForeign("TRITONBACKEND_ModelBatchInitialize", library.functions_.batch_initialize,
                                      library.batcher_, &userp_);
    has_begun_ = status.ok();
    library.Log("Custom batching initialization function", status);
  }
  ~LibraryBatch() override {
    if (!has_begun_) return;
    library_.Log("Custom batching finalization function",
                 CallForeign("TRITONBACKEND_ModelBatchFinalize", library_.functions_.batch_finalize, userp_));
  }
  LibraryBatch(const LibraryBatch&) = delete;
  LibraryBatch& operator=(const LibraryBatch&) = delete;

  bool Include(InferenceRequest& request) override {
    // Nothing is known of a batch without a beginning, so it has one request.
    if (!has_begun_) return false;
    bool should_include = false;
    const Status status = CallForeign("TRITONBACKEND_ModelBatchIncludeRequest", library_.functions_.batch_include,
                                      static_cast<TRITONBACKEND_Request*>(&request), userp_, &should_include);
    library_.Log("Custom batching include function", status);
    return status.ok() && should_include;
  }

 private:
  const BatchLibrary& library_;
  bool has_begun_ = false;
  void* userp_ = nullptr;
};

Expected<std::unique_ptr<BatchLibrary>> BatchLibrary::Load(const std::string& path, PluginModel& model) {
  LOG_INFO("Loading custom batching strategy library {} for model {}", path, model.name());
  ASSIGN_OR_RETURN(const SharedLibrary opened, SharedLibrary::Open(path));
  int found = 0;
  const BatchFunctions functions = FindFunctions(opened, found);
  if (found == 0) {
    LOG_WARNING("model '{}': {} has none of the batching functions, and decides nothing", model.name(), path);
    return std::unique_ptr<BatchLibrary>();
  }
  if (found < 5) {
    return InvalidArg("{} does not define all required custom batching functions for model {}", path, model.name());
  }
  TRITONBACKEND_Batcher* batcher = nullptr;
  RETURN_IF_ERROR(CallForeign("TRITONBACKEND_ModelBatcherInitialize", functions.batcher_initialize, &batcher,
                              static_cast<TRITONBACKEND_Model*>(&model)));
  std::unique_ptr<BatchLibrary> library(new BatchLibrary(functions, model));
  library->batcher_ = batcher;
  return library;
}

BatchLibrary::~BatchLibrary() {
  Log("Custom batcher finalization",
      CallForeign("TRITONBACKEND_ModelBatcherFinalize", functions_.batcher_finalize, batcher_));
}

std::unique_ptr<BatchStrategy::Batch> BatchLibrary::Begin() { return std::make_unique<LibraryBatch>(*this); }

void BatchLibrary::Log(std::string_view what, const Status& status) const {
  if (!status.ok()) LOG_ERROR("{} failed for model {}: {}", what, model_.name(), status.message());
}

}  // namespace neso
