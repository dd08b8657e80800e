// A model of the TensorFlow backend: what its file says, its options, and what its instances run.
#pragma once

#include <string>
#include <vector>

#include "model_io.h"
#include "neso/backend/backend.h"
#include "options.h"
#include "shared_sessions.h"

namespace neso::tensorflow {

// A tensor of the model that requests bring or get.
struct Binding {
  std::string name;
  TF_Output tensor{};
  backend::DataType datatype = TRITONSERVER_TYPE_INVALID;
  const backend::TensorConfig* config = nullptr;           // null: of a control or batch input
  const backend::BatchInputConfig* batch_input = nullptr;  // null: from the requests
  bool is_scalar = false;                                  // ones in the configuration, no dimension in the model
  bool has_default = false;                                // may be left out
};

// What an instance runs, and how.
struct Served {
  SessionPtr session;
  std::vector<Binding> inputs;
  std::vector<Binding> outputs;
};

class TensorFlowModel final : public backend::Model {
 public:
  static Status InitializeBackend(const backend::Backend& backend);
  static Status DescribeBackend(const backend::Backend&, TRITONBACKEND_BackendAttribute* attributes);

  Status Initialize();
  // Any thread. The session is shared with everybody who runs the same files with the same options.
  Result<Served> Serve(const backend::InstanceBase& instance);

 private:
  Status CompleteConfig(rapidjson::Document& document);
  std::string Path() const;
  Status CheckPath(const std::string& instance) const;
  Result<Signature> ReadSignature() const;
  Status LoadOperators() const;
  Result<std::vector<std::string>> ReadInitOps() const;
  Result<std::string> SessionKey(const std::vector<std::string>& init_ops) const;
  Result<SessionPtr> LoadSession(const std::vector<std::string>& init_ops) const;
  Result<SessionPtr> SessionOf() const;
  Status Explain(const Status& error) const;

  Status BindSavedModel(const Signature& signature, Served& served) const;
  Status BindGraphDef(Served& served) const;
  Result<Binding> BindInput(const Session& session, const TensorInfo& tensor) const;
  Result<Binding> BindOutput(const Session& session, const TensorInfo& tensor,
                             const backend::TensorConfig& configured) const;
  Result<Binding> Bind(const Session& session, const TensorInfo& tensor, backend::DataType configured,
                       const char* role) const;

  bool is_graph_def_ = false;
  Options options_;
  std::string session_config_;
};

}  // namespace neso::tensorflow
