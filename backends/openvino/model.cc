#include "model.h"

#include <memory>

#include "core.h"
#include "model_file.h"
#include "network.h"
#include "openvino_call.h"

namespace neso::openvino {
Status OpenVinoModel::InitializeBackend(const backend::Backend& backend) { return InitializeCore(backend); }

Status OpenVinoModel::DescribeBackend(const backend::Backend&, TRITONBACKEND_BackendAttribute* attributes) {
  // The device is a parameter's to say: to the server all instances are the CPU's.
  NESO_RETURN_IF_ERROR(TRITONBACKEND_BackendAttributeAddPreferredInstanceGroup(
      attributes, TRITONSERVER_INSTANCEGROUPKIND_CPU, 0, nullptr, 0));
  return TRITONBACKEND_BackendAttributeSetParallelModelInstanceLoading(attributes, true);
}

Status OpenVinoModel::Initialize() {
  NESO_ASSIGN_OR_RETURN(options_, ReadOptions(config().parameters));
  if (!options_.extension_path.empty()) {
    NESO_RETURN_IF_ERROR(TryOpenVino("unable to load the extension '" + options_.extension_path + "': ",
                                     [&] { Core().add_extension(options_.extension_path); }));
  }
  const std::string& file = config().default_model_filename;
  const std::string path = version_path() + "/" + (file.empty() ? "model.xml" : file);
  NESO_ASSIGN_OR_RETURN(NetworkPtr network, ReadModelFile(path, name()));
  NESO_RETURN_IF_ERROR(Complete(Describe(*network)));

  NESO_ASSIGN_OR_RETURN(const rapidjson::Document document, ConfigDocument());
  has_sequences_ = backend::FindMember(document, "sequence_batching") != nullptr;
  NESO_ASSIGN_OR_RETURN(binding_, Bind(Describe(*network), config()));
  if (!options_.reshape_inputs) {
    NESO_RETURN_IF_ERROR(CheckShapes(Describe(*network).inputs, binding_.inputs, config()));
  }
  NESO_RETURN_IF_ERROR(Reshape(*network, binding_, config(), options_));
  NESO_RETURN_IF_ERROR(CheckShapes(Describe(*network).outputs, binding_.outputs, config()));
  NESO_RETURN_IF_ERROR(SetDatatypes(network, binding_, name()));
  NESO_ASSIGN_OR_RETURN(compiled_, Compile(network, options_, config().instance_count, name()));
  return {};
}

Status OpenVinoModel::Complete(const Ports& ports) {
  if (!auto_complete()) return {};
  NESO_ASSIGN_OR_RETURN(rapidjson::Document document, ConfigDocument());
  NESO_ASSIGN_OR_RETURN(const bool changed, AutoComplete(ports, DefaultMaxBatchSize(), document));
  if (!changed) return {};
  return SetConfig(document);
}

}  // namespace neso::openvino
