#include "network.h"

#include <algorithm>
#include <map>
#include <openvino/core/layout.hpp>
#include <openvino/core/preprocess/pre_post_process.hpp>
#include <openvino/runtime/properties.hpp>
#include <utility>

#include "core.h"
#include "element_types.h"
#include "neso/backend/log.h"
#include "neso/processors.h"
#include "openvino_call.h"

namespace neso::openvino {
namespace {

int64_t DimOf(const ov::Dimension& dimension) { return dimension.is_dynamic() ? -1 : dimension.get_length(); }

template <typename Output>
Port DescribePort(const Output& output) {
  Port port;
  port.names.assign(output.get_names().begin(), output.get_names().end());
  std::ranges::sort(port.names);
  port.datatype = DataTypeOf(output.get_element_type());
  port.element_type = output.get_element_type().get_type_name();
  const ov::PartialShape& shape = output.get_partial_shape();
  port.has_rank = shape.rank().is_static();
  if (port.has_rank) std::ranges::transform(shape, std::back_inserter(port.shape), DimOf);
  port.has_batch = ov::layout::has_batch(ov::layout::get_layout(output));
  return port;
}

Result<ov::PartialShape> ShapeOf(const BoundTensor& input, const backend::ModelConfig& config) {
  ov::PartialShape shape;
  if (config.batches()) shape.push_back(ov::Dimension::dynamic());
  for (const int64_t dim : input.tensor.backend_dims()) {
    if (dim != -1 && dim <= 0) {
      return Status::Internal(
          "openvino backend does not support dimensions values other than `-1` or positive integers");
    }
    shape.push_back(dim == -1 ? ov::Dimension::dynamic() : ov::Dimension(dim));
  }
  return shape;
}

// Threads are the process's: a pool of one model that is bound to some of the cores would be in the way of all others. As
// many streams as instances, so that these run at once.
void SetThreads(const Options& options, size_t instances, ov::AnyMap& properties) {
  if (options.device != "CPU") return;
  properties.emplace(ov::hint::enable_cpu_pinning(false));
  if (options.streams.empty() && options.performance_hint.empty()) {
    const size_t streams = std::clamp<size_t>(instances, 1, UsableProcessors());
    properties.emplace(ov::num_streams(static_cast<int32_t>(streams)));
  }
  // OpenVINO knows of the affinity mask, and nothing of a control group's quota.
  if (!options.inference_threads && UsableProcessors() < ProcessorsInAffinityMask()) {
    properties.emplace(ov::inference_num_threads(static_cast<int32_t>(UsableProcessors())));
  }
}

bool Takes(const std::string& device, const std::string& property) {
  const std::vector<ov::PropertyName> taken = Core().get_property(device, ov::supported_properties);
  return std::ranges::find(taken, property) != taken.end();
}

ov::AnyMap PropertiesOf(const Options& options, size_t instances) {
  ov::AnyMap properties;
  const auto set = [&](const auto& property, const auto& value) { properties.emplace(property.name(), value); };
  if (!options.performance_hint.empty()) set(ov::hint::performance_mode, options.performance_hint);
  if (options.inference_threads) set(ov::inference_num_threads, std::to_string(*options.inference_threads));
  if (options.compilation_threads) {
    if (Takes(options.device, ov::compilation_num_threads.name())) {
      set(ov::compilation_num_threads, std::to_string(*options.compilation_threads));
    } else {
      NESO_LOG_WARNING("COMPILATION_NUM_THREADS says nothing to device ", options.device);
    }
  }
  if (!options.streams.empty()) set(ov::num_streams, options.streams);
  if (!options.precision.empty()) set(ov::hint::inference_precision, options.precision);
  if (options.no_auto_batching) set(ov::hint::allow_auto_batching, false);
  SetThreads(options, instances, properties);
  return properties;
}

}  // namespace

Ports Describe(const ov::Model& network) {
  Ports ports;
  for (const auto& input : network.inputs()) ports.inputs.push_back(DescribePort(input));
  for (const auto& output : network.outputs()) ports.outputs.push_back(DescribePort(output));
  return ports;
}

Status Reshape(ov::Model& network, const Binding& binding, const backend::ModelConfig& config, const Options& options) {
  std::map<ov::Output<ov::Node>, ov::PartialShape> shapes;
  bool changes = false;
  for (const BoundTensor& input : binding.inputs) {
    const ov::Output<ov::Node> port = network.input(input.port);
    ov::PartialShape shape = port.get_partial_shape();
    if (options.reshape_inputs || shape.rank().is_dynamic()) {
      NESO_ASSIGN_OR_RETURN(shape, ShapeOf(input, config));
    }
    if (config.batches() && shape.rank().is_static() && shape.size() > 0) {
      shape[0] = ov::Dimension(options.open_batches ? 1 : config.max_batch_size, config.max_batch_size);
    }
    changes = changes || shape != port.get_partial_shape();
    shapes.emplace(port, shape);
  }
  if (!changes) return {};
  return TryOpenVino("unable to reshape model '" + config.name + "': ", [&] { network.reshape(shapes); });
}

Status SetDatatypes(NetworkPtr& network, const Binding& binding, const std::string& model) {
  return TryOpenVino("unable to convert the inputs and outputs of model '" + model + "': ", [&] {
    ov::preprocess::PrePostProcessor conversions(network);
    for (const auto& [tensor, port] : binding.inputs) {
      conversions.input(port).tensor().set_element_type(ElementTypeOf(tensor.datatype));
    }
    for (const auto& [tensor, port] : binding.outputs) {
      conversions.output(port).tensor().set_element_type(ElementTypeOf(tensor.datatype));
    }
    network = conversions.build();
  });
}

Result<ov::CompiledModel> Compile(const NetworkPtr& network, const Options& options, size_t instances,
                                  const std::string& model) {
  ov::CompiledModel compiled;
  NESO_RETURN_IF_ERROR(
      TryOpenVino("unable to compile model '" + model + "' for device '" + options.device + "': ",
                  [&] { compiled = Core().compile_model(network, options.device, PropertiesOf(options, instances)); }));
  return compiled;
}

}  // namespace neso::openvino
