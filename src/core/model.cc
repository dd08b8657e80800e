#include "core/model.h"

#include <utility>

#include "config/model_id.h"

namespace neso {
namespace {

template <typename ConfigTensor>
TensorSpec MakeSpec(const ConfigTensor& tensor) {
  TensorSpec spec;
  spec.name = tensor.name();
  spec.datatype = static_cast<DataType>(tensor.data_type());  // the numbers are the same
  spec.dims.assign(tensor.dims().begin(), tensor.dims().end());
  spec.has_reshape = tensor.has_reshape();
  spec.reshape.assign(tensor.reshape().shape().begin(), tensor.reshape().shape().end());
  spec.is_shape_tensor = tensor.is_shape_tensor();
  spec.is_non_linear_format_io = tensor.is_non_linear_format_io();
  return spec;
}

}  // namespace

Model::Model(inference::ModelConfig config, int64_t version, std::map<std::string, std::vector<std::string>> labels)
    : max_batch_size_(static_cast<uint32_t>(config.max_batch_size())),
      is_decoupled_(config.model_transaction_policy().decoupled()),
      version_(version),
      id_(config.name()) {
  UpdateConfig(std::move(config));
  for (const inference::ModelInput& input : this->config().input()) {
    TensorSpec& spec = inputs_.emplace_back(MakeSpec(input));
    spec.optional = input.optional();
    spec.allow_ragged_batch = input.allow_ragged_batch();
    if (!spec.optional) ++required_input_count_;
  }
  for (const inference::ModelOutput& output : this->config().output()) {
    TensorSpec& spec = outputs_.emplace_back(MakeSpec(output));
    if (const auto found = labels.find(spec.name); found != labels.end()) spec.labels = std::move(found->second);
    output_names_.push_back(spec.name);
  }
  input_index_.Update(std::span(inputs_), &TensorSpec::name);
  output_index_.Update(std::span(outputs_), &TensorSpec::name);
}

Model::~Model() = default;

void Model::SetNamespace(std::string name_space) {
  id_ = ModelId(name_space, name());
  name_space_ = std::move(name_space);
}

void Model::UpdateConfig(inference::ModelConfig config) {
  auto latest = std::make_unique<const inference::ModelConfig>(std::move(config));
  MutexLock lock(mutex_);
  config_.store(latest.get(), std::memory_order_release);
  configs_.push_back(std::move(latest));
}

void Model::WatchRequests(std::shared_ptr<Event> idle) {
  MutexLock lock(mutex_);
  if (watcher_ != nullptr) return;
  watcher_ = std::move(idle);
  idle_ = watcher_.get();
}

const TensorSpec* Model::FindInput(std::string_view name) const {
  return input_index_.Find(std::span(inputs_), name, &TensorSpec::name);
}

const TensorSpec* Model::FindOutput(std::string_view name) const {
  return output_index_.Find(std::span(outputs_), name, &TensorSpec::name);
}

}  // namespace neso
