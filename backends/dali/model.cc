#include "model.h"

#include <atomic>
#include <chrono>

#include "completion.h"
#include "library.h"
#include "neso/backend/read_file.h"
#include "neso/processors.h"

namespace neso::dali {
namespace {

using backend::FindMember;

constexpr int kSerializeSeconds = 120;  // importing DALI takes some, and more on a machine that is busy

std::atomic<int> models{0};
// Of the command line; set before there are models.
bool release_after_unload = false;
std::chrono::seconds serialize_limit{kSerializeSeconds};

// Where the first instance runs: there its pipeline is looked at. nullopt: on the CPU.
std::optional<int> FirstGpu(const rapidjson::Document& document) {
  const rapidjson::Value* const groups = FindMember(document, "instance_group");
  if (groups == nullptr || !groups->IsArray() || groups->Empty()) return std::nullopt;
  const rapidjson::Value& first = (*groups)[0];
  if (backend::StringOr(first, "kind") != "KIND_GPU") return std::nullopt;
  const std::vector<int64_t> gpus = backend::Integers(first, "gpus");
  return gpus.empty() ? 0 : static_cast<int>(gpus[0]);
}

}  // namespace

Status DaliModel::InitializeBackend(const backend::Backend& backend) {
  NESO_ASSIGN_OR_RETURN(const backend::Parameters settings, backend.Settings());
  NESO_ASSIGN_OR_RETURN(release_after_unload, settings.Or("release_after_unload", false));
  NESO_ASSIGN_OR_RETURN(const int64_t limit, settings.Or("autoserialize-timeout-secs", kSerializeSeconds));
  if (limit < 1 || limit > 24 * 3600) {
    return Status::InvalidArg("autoserialize-timeout-secs: expected seconds, 1 to 86400, got ", limit);
  }
  serialize_limit = std::chrono::seconds(limit);
  NESO_RETURN_IF_ERROR(InitializeDali());
  return LoadOperators(backend::Split(settings.Or("plugin_libs", ""), ':'));
}

Status DaliModel::DescribeBackend(const backend::Backend&, TRITONBACKEND_BackendAttribute* attributes) {
  return TRITONBACKEND_BackendAttributeSetParallelModelInstanceLoading(attributes, true);
}

DaliModel::DaliModel() { ++models; }

DaliModel::~DaliModel() {
  if (--models == 0 && release_after_unload) ReleaseUnusedMemory();
}

Status DaliModel::Initialize() {
  NESO_ASSIGN_OR_RETURN(options_, ReadOptions(config().parameters));
  NESO_ASSIGN_OR_RETURN(const std::string folder, backend().Directory());
  NESO_ASSIGN_OR_RETURN(file_, FindModel({.folder = version_path(),
                                          .file = config().default_model_filename,
                                          .serializer = folder + "/serialize.py",
                                          .limit = serialize_limit}));
  // What is not in the configuration: whether 0 was written, or nothing.
  const Result<std::string> written = backend::ReadWholeFile(repository_path() + "/config.pbtxt");
  batches_ = config().batches() || !written || !SaysUnbatched(*written);
  NESO_ASSIGN_OR_RETURN(rapidjson::Document document, ConfigDocument());
  NESO_RETURN_IF_ERROR(ReadDescription(document));
  if (auto_complete()) {
    NESO_RETURN_IF_ERROR(Complete(description_, batches_, options_, document));
    NESO_RETURN_IF_ERROR(SetConfig(document));
  }
  return CheckConfig(description_, batches_, options_, config());
}

Status DaliModel::ReadDescription(const rapidjson::Document& document) {
  NESO_ASSIGN_OR_RETURN(const std::unique_ptr<Pipeline> pipeline, BuildPipeline(FirstGpu(document)));
  description_ = pipeline->description();
  if (!description_.inputs.empty()) return {};
  return Status::InvalidArg("expected a pipeline with an input (fn.external_source with a name), got one without");
}

Result<std::unique_ptr<Pipeline>> DaliModel::BuildPipeline(std::optional<int> gpu) const {
  PipelineSettings settings;
  settings.gpu = gpu;
  settings.max_batch_size = config().batches() ? config().max_batch_size : file_.numbers.max_batch_size;
  settings.num_threads = ThreadsFor(options_, file_.numbers.num_threads, UsableProcessors());
  if (settings.max_batch_size < 1 || settings.max_batch_size > kMaxBatchSize) {
    return Status::InvalidArg("max_batch_size: expected 1 to ", kMaxBatchSize, ", got ", settings.max_batch_size);
  }
  Result<std::unique_ptr<Pipeline>> built =
      gpu ? Pipeline::Build(file_.serialized, settings) : Pipeline::Build(ForCpu(file_.serialized), settings);
  if (built || !gpu) return built;
  return Status(built.status().code(),
                backend::Concat(built.status().message(),
                                "\nKIND_GPU needs an NVIDIA GPU and its driver; KIND_CPU runs pipelines without "
                                "operators for a GPU"));
}

}  // namespace neso::dali
