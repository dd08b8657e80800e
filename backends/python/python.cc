// The Python backend: models that are a class in a Python file, each instance in a process of its own.
//
// docs/python-models.md is the guide, docs/python-workers.md how it works.
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "model_files.h"
#include "neso/backend/backend.h"
#include "neso/backend/on_load_end.h"
#include "settings.h"
#include "supervisor.h"

namespace neso::python {

using namespace neso::backend;  // NOLINT: the file is a client of little else

class PythonModel final : public Model {
 public:
  static Status InitializeBackend(const Backend& backend) {
    NESO_ASSIGN_OR_RETURN(const Parameters parameters, backend.Settings());
    return Settings::Parse(parameters).TakeStatus();
  }
  static Status DescribeBackend(const Backend&, TRITONBACKEND_BackendAttribute* attributes) {
    return TRITONBACKEND_BackendAttributeSetParallelModelInstanceLoading(attributes, true);
  }

  Status Initialize() {
    NESO_ASSIGN_OR_RETURN(files_, FindModelFiles(*this));
    NESO_ASSIGN_OR_RETURN(const Parameters defaults, backend().Settings());
    NESO_ASSIGN_OR_RETURN(const Settings settings, Settings::Parse(defaults));
    NESO_ASSIGN_OR_RETURN(interpreter_, FindInterpreterOf(*this, files_, settings));
    const std::string force = config().parameters.Or("FORCE_CPU_ONLY_INPUT_TENSORS", "yes");
    if (force != "yes" && force != "no") {
      return Status::InvalidArg("Incorrect value for FORCE_CPU_ONLY_INPUT_TENSORS: ", force);
    }
    NESO_ASSIGN_OR_RETURN(limits_, Limits::OfModel(config().parameters, settings.limits));
    NESO_ASSIGN_OR_RETURN(debugger_, DebuggerAddress::Find(config().parameters, "DEBUGPY", settings.debugger));
    if (debugger_) limits_.execute = limits_.finalize = {};  // whoever looks at it takes their time
    return auto_complete() && MayCompleteConfig(*this, files_) ? AutoComplete() : Status();
  }

  const Interpreter& interpreter() const { return interpreter_; }

  // Of an instance, or of what completes the configuration if that is nullptr.
  WorkerPlace Place(const std::string& worker, TRITONBACKEND_ModelInstance* instance) const {
    return {.name = worker,
            .model = name(),
            .version = static_cast<int64_t>(version()),
            .instance = instance,
            .server = server(),
            .decoupled = config().decoupled,
            .limits = limits_};
  }

  // What a worker is told; `args` is what the model's initialize gets.
  Result<std::string> Arguments(const std::string& instance, const char* kind, int32_t device) const {
    NESO_ASSIGN_OR_RETURN(const rapidjson::Document document, ConfigDocument());
    rapidjson::StringBuffer config_text;
    rapidjson::Writer<rapidjson::StringBuffer> config_writer(config_text);
    document.Accept(config_writer);

    rapidjson::StringBuffer text;
    rapidjson::Writer<rapidjson::StringBuffer> writer(text);
    const auto put = [&](const char* key, const std::string& value) {
      writer.Key(key);
      writer.String(value);
    };
    writer.StartObject();
    put("instance", instance);
    put("model_file", files_.model_file);
    put("module", files_.module);
    put("import_root", files_.import_root);
    put("version_folder", files_.version_folder);
    put("model_folder", files_.model_folder);
    writer.Key("is_lone");
    writer.Bool(files_.is_lone);
    writer.Key("decoupled");
    writer.Bool(config().decoupled);
    writer.Key("memory_limit");
    writer.Uint64(limits_.memory_byte_size);
    writer.Key("debugger");
    if (debugger_) {
      writer.StartObject();
      put("host", debugger_->host);
      writer.Key("port");
      writer.Uint(debugger_->port);
      writer.EndObject();
    } else {
      writer.Null();
    }
    writer.Key("args");
    writer.StartObject();
    put("model_config", config_text.GetString());
    put("model_instance_kind", kind);
    put("model_instance_name", instance);
    put("model_instance_device_id", std::to_string(device));
    put("model_repository", files_.model_folder);
    put("model_version", std::to_string(version()));
    put("model_name", name());
    writer.EndObject();
    writer.EndObject();
    return std::string(text.GetString(), text.GetSize());
  }

 private:
  // In a process of its own, which ends with it.
  Status AutoComplete() {
    NESO_ASSIGN_OR_RETURN(const std::string arguments, Arguments(name(), "CPU", 0));
    NESO_ASSIGN_OR_RETURN(const std::shared_ptr<Worker> worker,
                          Worker::Start(interpreter_, Place(name(), nullptr), {}));
    const Result<std::string> completed = [&] {
      const OnLoadEnd on_end(handle(), [&worker] { worker->Kill(); });
      return worker->AutoComplete(arguments);
    }();
    worker->Kill();
    if (!completed) return completed.status().Copy();
    rapidjson::Document document;
    document.Parse(completed->data(), completed->size());
    if (document.HasParseError()) return Status::Internal("the completed configuration of '", name(), "' is no JSON");
    return SetConfig(document);
  }

  ModelFiles files_;
  Interpreter interpreter_;
  Limits limits_;
  std::optional<DebuggerAddress> debugger_;
};

class PythonInstance final : public Instance<PythonModel> {
 public:
  ~PythonInstance() {
    if (supervisor_ != nullptr) supervisor_->Stop();
  }

  Status Initialize() {
    NESO_ASSIGN_OR_RETURN(std::string arguments, model().Arguments(name(), KindName(), device_id()));
    supervisor_ =
        std::make_shared<Supervisor>(model().interpreter(), model().Place(name(), handle()), std::move(arguments));
    const OnLoadEnd on_end(model().handle(), [this] { supervisor_->EndStart(); });
    return supervisor_->Start();
  }

  Status Execute(Execution& execution) {
    const std::shared_ptr<Worker> worker = supervisor_->worker();
    if (worker == nullptr) return NotHealthy(name());
    worker->Execute(execution);
    return {};
  }

  Status Ready() { return supervisor_->CheckReady(); }

 private:
  const char* KindName() const { return TRITONSERVER_InstanceGroupKindString(kind()); }

  std::shared_ptr<Supervisor> supervisor_;
};

}  // namespace neso::python

NESO_BACKEND(neso::python::PythonModel, neso::python::PythonInstance)
