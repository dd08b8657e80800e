#include "model.h"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "auto_complete.h"
#include "datatypes.h"
#include "files.h"
#include "graph_check.h"
#include "neso/backend/check_tensor.h"
#include "neso/processors.h"

namespace neso::tensorflow {
namespace {

using backend::TensorConfig;

constexpr const char* kSavedModelFile = "saved_model.pb";
constexpr size_t kMaxNamesInMessage = 20;

Settings settings;  // of the process: written when the backend is loaded, before there is a model

const CountAttributes& CountsOfTensorFlow() {
  static const CountAttributes counts = [] {
    const TfPtr<TF_Buffer> operations(Tf().GetAllOpList());
    return ReadCountAttributes({static_cast<const char*>(operations->data), operations->length});
  }();
  return counts;
}

// `folder`: the SavedModel's. TensorFlow takes one without the values of its variables for one that has none.
Status CheckVariables(const std::string& folder) {
  const std::string index = folder + "/variables/variables.index";
  std::error_code error;
  if (std::filesystem::exists(index, error)) return {};
  return Status::Unavailable("expected the values of the model's variables in '", index, "', which does not exist");
}

// TensorFlow's threads, as many as two sets of processors, take turns in freeing what others took. glibc has up to eight
// arenas for each processor, each of which keeps the largest block that it had for what comes next.
void BoundArenas() {
  if (std::getenv("MALLOC_ARENA_MAX") == nullptr) mallopt(M_ARENA_MAX, 2 * static_cast<int>(UsableProcessors()));
}

}  // namespace

Status TensorFlowModel::InitializeBackend(const backend::Backend& backend) {
  BoundArenas();
  NESO_ASSIGN_OR_RETURN(const std::string folder, backend.Directory());
  NESO_RETURN_IF_ERROR(OpenLibrary(folder));
  NESO_ASSIGN_OR_RETURN(const backend::Parameters parameters, backend.Settings());
  NESO_ASSIGN_OR_RETURN(settings, ReadSettings(parameters));
  return {};
}

Status TensorFlowModel::DescribeBackend(const backend::Backend&, TRITONBACKEND_BackendAttribute* attributes) {
  // On a machine with a GPU, too, a model that does not say where to run runs.
  NESO_RETURN_IF_ERROR(TRITONBACKEND_BackendAttributeAddPreferredInstanceGroup(
      attributes, TRITONSERVER_INSTANCEGROUPKIND_CPU, 0, nullptr, 0));
  return TRITONBACKEND_BackendAttributeSetParallelModelInstanceLoading(attributes, true);
}

Status TensorFlowModel::Initialize() {
  NESO_ASSIGN_OR_RETURN(rapidjson::Document document, ConfigDocument());
  const std::string platform = backend::StringOr(document, "platform");
  is_graph_def_ = platform == "tensorflow_graphdef";
  if (!is_graph_def_ && platform != "tensorflow_savedmodel") {
    return Status::InvalidArg("platform ", platform, " not supported for TensorFlow model '", name(), "'");
  }
  NESO_ASSIGN_OR_RETURN(options_, ReadOptions(config().parameters, document));
  session_config_ = SessionConfig(settings, options_);
  NESO_RETURN_IF_ERROR(LoadOperators());
  if (!auto_complete() || is_graph_def_) return {};
  return CompleteConfig(document);
}

Status TensorFlowModel::CompleteConfig(rapidjson::Document& document) {
  const Result<Signature> signature = ReadSignature();
  if (!signature) {
    return Status(signature.status().code(),
                  backend::Concat("unable to auto-complete model configuration for '", name(),
                                  "', failed to load model: ", signature.status().message()));
  }
  NESO_RETURN_IF_ERROR(AutoComplete(*signature, settings.default_max_batch_size, document));
  return SetConfig(document);
}

std::string TensorFlowModel::Path() const {
  const std::string& file = config().default_model_filename;
  const char* const usual = is_graph_def_ ? "model.graphdef" : "model.savedmodel";
  return version_path() + "/" + (file.empty() ? usual : file);
}

Status TensorFlowModel::CheckPath(const std::string& instance) const {
  std::error_code error;
  if (std::filesystem::exists(Path(), error)) return {};
  return Status::Unavailable("unable to find '", Path(), "' for model instance '", instance, "'");
}

Result<Signature> TensorFlowModel::ReadSignature() const {
  NESO_ASSIGN_OR_RETURN(const std::string bytes, ReadModelFile(Path() + "/" + kSavedModelFile));
  NESO_ASSIGN_OR_RETURN(const SavedModel saved, SavedModel::Parse(bytes));
  NESO_ASSIGN_OR_RETURN(const MetaGraph* const graph, saved.FindGraph(options_.tag));
  NESO_ASSIGN_OR_RETURN(const Signature* const signature, FindSignature(*graph, options_.signature));
  return *signature;
}

// They register themselves with TensorFlow, and stay.
Status TensorFlowModel::LoadOperators() const {
  for (const std::string& file : options_.op_libraries) {
    const std::filesystem::path beside =
        std::filesystem::path(version_path()) / file;  // `file` itself if that is absolute
    std::error_code error;
    const std::string path = std::filesystem::exists(beside, error) ? beside.string() : file;
    const Status loaded =
        TryTf([&](TF_Status* status) { const TfPtr<TF_Library> handle(Tf().LoadLibrary(path.c_str(), status)); });
    if (!loaded.ok()) {
      return Status::InvalidArg("unable to load the library of operators '", file, "': ", loaded.message());
    }
  }
  return {};
}

Result<std::vector<std::string>> TensorFlowModel::ReadInitOps() const {
  if (options_.init_ops_file.empty()) return std::vector<std::string>();
  std::error_code error;
  std::string path = version_path() + "/" + options_.init_ops_file;
  if (!std::filesystem::exists(path, error)) path = repository_path() + "/" + options_.init_ops_file;
  NESO_ASSIGN_OR_RETURN(const std::string text, ReadModelFile(path));
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  const rapidjson::Value* const names = document.HasParseError() ? nullptr : backend::FindMember(document, "init_ops");
  if (names == nullptr || !names->IsArray()) {
    return Status::InvalidArg("TF_INIT_OPS_FILE '", path, "': expected {\"init_ops\": [<names of operations>]}");
  }
  return backend::Strings(document, "init_ops");
}

Status TensorFlowModel::Explain(const Status& error) const {
  return Status(error.code(), backend::Concat("unable to load model '", name(), "', ", error.message()));
}

Result<std::string> TensorFlowModel::SessionKey(const std::vector<std::string>& init_ops) const {
  NESO_ASSIGN_OR_RETURN(std::string key, IdentityOf(Path()));
  key += "\n" + options_.tag + "\n" + session_config_;
  for (const std::string& name : init_ops) key += "\n" + name;
  return key;
}

// TensorFlow reads the file after us: who changes it in between may end the server, but only with a graph that is damaged.
Result<SessionPtr> TensorFlowModel::LoadSession(const std::vector<std::string>& init_ops) const {
  NESO_ASSIGN_OR_RETURN(const std::string bytes,
                        ReadModelFile(is_graph_def_ ? Path() : Path() + "/" + kSavedModelFile));
  GraphCheck check(CountsOfTensorFlow());
  SessionPtr session;
  if (is_graph_def_) {
    NESO_RETURN_IF_ERROR(check.Check(bytes));
    NESO_ASSIGN_OR_RETURN(session, Session::LoadGraphDef(bytes, session_config_));
  } else {
    NESO_ASSIGN_OR_RETURN(const SavedModel saved, SavedModel::Parse(bytes));
    NESO_ASSIGN_OR_RETURN(const MetaGraph* const graph, saved.FindGraph(options_.tag));
    NESO_RETURN_IF_ERROR(check.Check(graph->graph_def));
    if (check.has_variables()) NESO_RETURN_IF_ERROR(CheckVariables(Path()));
    NESO_ASSIGN_OR_RETURN(session, Session::LoadSavedModel(Path(), options_.tag, session_config_));
  }
  NESO_RETURN_IF_ERROR(session->RunOperations(init_ops));
  return session;
}

Result<SessionPtr> TensorFlowModel::SessionOf() const {
  NESO_ASSIGN_OR_RETURN(const std::vector<std::string> init_ops, ReadInitOps());
  NESO_ASSIGN_OR_RETURN(const std::string key, SessionKey(init_ops));
  return SharedSessions::OfProcess().Get(key, options_.session_share_count, [&] { return LoadSession(init_ops); });
}

Result<Served> TensorFlowModel::Serve(const backend::InstanceBase& instance) {
  if (instance.kind() == TRITONSERVER_INSTANCEGROUPKIND_GPU) {
    return Status::Unsupported(
        "instance '", instance.name(),
        "' of KIND_GPU: expected KIND_CPU, the TensorFlow beside the backend is the one for the CPU");
  }
  NESO_RETURN_IF_ERROR(CheckPath(instance.name()));
  if (config().outputs.empty()) {
    return Status::InvalidArg("unable to load model '", name(),
                              "', model configuration must contain at least one output, none were specified.");
  }
  Served served;
  if (is_graph_def_) {
    Result<SessionPtr> session = SessionOf();
    if (!session) return Explain(session.status());
    served.session = *session;
    NESO_RETURN_IF_ERROR(BindGraphDef(served));
    return served;
  }
  // Before TensorFlow reads it: what can be said without it is said at once.
  const Result<Signature> signature = ReadSignature();
  if (!signature) return Explain(signature.status());
  NESO_RETURN_IF_ERROR(CheckSavedModelConfig(*signature, config()));
  Result<SessionPtr> session = SessionOf();
  if (!session) return Explain(session.status());
  served.session = *session;
  NESO_RETURN_IF_ERROR(BindSavedModel(*signature, served));
  return served;
}

// What the graph has counts: a signature may say something else of its tensors.
Result<Binding> TensorFlowModel::Bind(const Session& session, const TensorInfo& tensor, backend::DataType configured,
                                      const char* role) const {
  const std::optional<TF_Output> found = session.Find(tensor.tensor);
  if (!found) {
    return Status::InvalidArg("unable to load model '", name(), "', ", role, " '", tensor.key,
                              "' of the signature: expected a tensor of the graph, got '", tensor.tensor, "'");
  }
  TensorInfo in_graph = tensor;
  in_graph.type = static_cast<uint64_t>(Tf().OperationOutputType(*found));
  NESO_RETURN_IF_ERROR(CheckType(in_graph, configured, role, name()));
  return Binding{.name = tensor.key,
                 .tensor = *found,
                 .datatype = configured,
                 .is_scalar = tensor.has_rank && tensor.shape.empty(),
                 .has_default = Tf().OperationOpType(found->oper) == std::string_view("PlaceholderWithDefault")};
}

Result<Binding> TensorFlowModel::BindInput(const Session& session, const TensorInfo& tensor) const {
  const TensorConfig* const configured = config().FindInput(tensor.key);
  const backend::BatchInputConfig* const batch_input = config().FindBatchInput(tensor.key);
  const auto control = std::ranges::find(config().controls, tensor.key, &backend::ControlConfig::name);
  const backend::DataType datatype = configured != nullptr                ? configured->datatype
                                     : batch_input != nullptr             ? batch_input->datatype
                                     : control != config().controls.end() ? control->datatype
                                                                          : TRITONSERVER_TYPE_INVALID;
  NESO_ASSIGN_OR_RETURN(Binding binding, Bind(session, tensor, datatype, "input"));
  binding.config = configured;
  binding.batch_input = batch_input;
  return binding;
}

Result<Binding> TensorFlowModel::BindOutput(const Session& session, const TensorInfo& tensor,
                                            const TensorConfig& configured) const {
  NESO_ASSIGN_OR_RETURN(Binding binding, Bind(session, tensor, configured.datatype, "output"));
  binding.config = &configured;
  return binding;
}

Status TensorFlowModel::BindSavedModel(const Signature& signature, Served& served) const {
  for (const TensorInfo& tensor : signature.inputs) {
    NESO_ASSIGN_OR_RETURN(Binding binding, BindInput(*served.session, tensor));
    served.inputs.push_back(std::move(binding));
  }
  for (const TensorConfig& configured : config().outputs) {
    const TensorInfo* const tensor = signature.FindOutput(configured.name);
    NESO_ASSIGN_OR_RETURN(Binding binding, BindOutput(*served.session, *tensor, configured));
    served.outputs.push_back(std::move(binding));
  }
  return {};
}

// Inputs are what the configuration names: what else the graph has may be needed for training only.
Status TensorFlowModel::BindGraphDef(Served& served) const {
  const std::vector<TensorInfo> placeholders = served.session->Placeholders();
  NESO_RETURN_IF_ERROR(CheckGraphDefConfig(placeholders, config()));
  for (const TensorInfo& tensor : placeholders) {
    const bool is_control =
        std::ranges::find(config().controls, tensor.key, &backend::ControlConfig::name) != config().controls.end();
    const bool is_fed =
        config().FindInput(tensor.key) != nullptr || config().FindBatchInput(tensor.key) != nullptr || is_control;
    if (!is_fed) continue;
    NESO_ASSIGN_OR_RETURN(Binding binding, BindInput(*served.session, tensor));
    served.inputs.push_back(std::move(binding));
  }
  for (const TensorConfig& configured : config().outputs) {
    const TensorInfo tensor{.key = configured.name, .tensor = configured.name + ":0", .shape = {}};
    if (!served.session->Find(tensor.tensor)) {
      return backend::UnexpectedTensor("output", configured.name, served.session->OutputNames(kMaxNamesInMessage));
    }
    NESO_ASSIGN_OR_RETURN(Binding binding, BindOutput(*served.session, tensor, configured));
    served.outputs.push_back(std::move(binding));
  }
  return {};
}

}  // namespace neso::tensorflow
