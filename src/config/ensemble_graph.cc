#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "config/data_type.h"
#include "config/ensemble.h"
#include "config/model_id.h"

namespace neso {
namespace {

using inference::ModelConfig;
using Step = inference::ModelEnsembling::Step;

// Chains of ensembles are short; this keeps a hostile repository from exhausting the stack.
constexpr size_t kMaxDepth = 128;

// What one model says about an ensemble tensor.
struct TensorView {
  std::string model;
  inference::DataType type;
  std::vector<int64_t> dims;       // as configured
  std::vector<int64_t> full_dims;  // with the batch dimension where the model batches
};

template <typename Tensor>
TensorView ViewOf(const Tensor& tensor, const ModelConfig& config) {
  TensorView view{config.name(), tensor.data_type(), {tensor.dims().begin(), tensor.dims().end()}, {}};
  if (config.max_batch_size() > 0) view.full_dims.push_back(-1);
  view.full_dims.insert(view.full_dims.end(), view.dims.begin(), view.dims.end());
  return view;
}

bool SameShape(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](int64_t left, int64_t right) { return left == right || left == -1 || right == -1; });
}

// Null if there is no such tensor.
template <typename Tensors>
auto FindTensor(const Tensors& tensors, const std::string& name) {
  const auto it =
      std::find_if(tensors.begin(), tensors.end(), [&](const auto& tensor) { return tensor.name() == name; });
  return it == tensors.end() ? nullptr : &*it;
}

// Joins what all models say about the tensors of one ensemble.
class TensorTable {
 public:
  explicit TensorTable(const ModelConfig& ensemble) : ensemble_(ensemble) {}

  Status Add(const std::string& name, TensorView view) {
    const auto [it, first] = tensors_.try_emplace(name, view);
    if (first) return {};
    const TensorView& known = it->second;
    if (known.type != view.type) {
      return InvalidArg(
          "in ensemble {}, ensemble tensor {}: inconsistent data type: {} is inferred from model {} while {} is "
          "inferred from model {}",
          ensemble_.name(), name, DataTypeName(known.type), known.model, DataTypeName(view.type), view.model);
    }
    // A batch dimension may stand in `dims` of one model and be implied by another.
    if (!SameShape(known.dims, view.dims) && !SameShape(known.full_dims, view.full_dims)) {
      return InvalidArg(
          "in ensemble {}, ensemble tensor {}: inconsistent shape: {} is inferred from model {} while {} is inferred "
          "from model {}",
          ensemble_.name(), name, DimsToString(known.dims), known.model, DimsToString(view.dims), view.model);
    }
    return {};
  }

 private:
  const ModelConfig& ensemble_;
  std::map<std::string, TensorView> tensors_;
};

Status AddStep(const ModelConfig& ensemble, const Step& step, const ModelConfig& model, TensorTable& table) {
  for (const auto& [input, tensor] : step.input_map()) {
    const inference::ModelInput* found = FindTensor(model.input(), input);
    if (found == nullptr) {
      return InvalidArg("in ensemble {}, ensemble tensor {} is mapping to non-existing input {} in model {}",
                        ensemble.name(), tensor, input, model.name());
    }
    RETURN_IF_ERROR(table.Add(tensor, ViewOf(*found, model)));
  }
  for (const auto& input : model.input()) {
    if (!input.optional() && !step.input_map().contains(input.name())) {
      return InvalidArg("in ensemble {}, input {} in model {} is not mapped to any ensemble tensors", ensemble.name(),
                        input.name(), model.name());
    }
  }
  for (const auto& [output, tensor] : step.output_map()) {
    const inference::ModelOutput* found = FindTensor(model.output(), output);
    if (found == nullptr) {
      return InvalidArg("in ensemble {}, ensemble tensor {} is mapped from non-existing output {} in model {}",
                        ensemble.name(), tensor, output, model.name());
    }
    RETURN_IF_ERROR(table.Add(tensor, ViewOf(*found, model)));
  }
  return {};
}

Status ValidateTensors(const ModelConfig& ensemble, const ModelConfigLookup& find) {
  TensorTable table(ensemble);
  for (const auto& input : ensemble.input()) RETURN_IF_ERROR(table.Add(input.name(), ViewOf(input, ensemble)));
  for (const auto& output : ensemble.output()) RETURN_IF_ERROR(table.Add(output.name(), ViewOf(output, ensemble)));
  for (const auto& step : ensemble.ensemble_scheduling().step()) {
    const ModelConfig& model = *find(ModelId(step));
    if (model.max_batch_size() != 0 && model.max_batch_size() < ensemble.max_batch_size()) {
      return InvalidArg(
          "ensemble {} allows maximum batch size {}, but it contains model {} which only allows maximum batch size to "
          "be {}",
          ensemble.name(), ensemble.max_batch_size(), model.name(), model.max_batch_size());
    }
    RETURN_IF_ERROR(AddStep(ensemble, step, model, table));
  }
  return {};
}

// The stream that a tensor belongs to: 0 for the request itself, else the number of the decoupled step that it last
// went through. All inputs of a step, and all outputs of the ensemble, must belong to one stream: otherwise it is
// unknown which response goes with which.
class Streams {
 public:
  Streams(const ModelConfig& ensemble, const ModelConfigLookup& find) : ensemble_(ensemble), find_(find) {}

  // Steps pass when all their tensors are there, each once.
  Status Check() {
    const auto& steps = ensemble_.ensemble_scheduling().step();
    std::map<std::string, std::vector<int>> users;
    std::vector<size_t> missing;
    for (int i = 0; i < steps.size(); ++i) {
      std::set<std::string> used;
      for (const auto& [input, tensor] : steps[i].input_map()) used.insert(tensor);
      for (const std::string& tensor : used) users[tensor].push_back(i);
      missing.push_back(used.size());
    }
    for (const auto& input : ensemble_.input()) Reach(input.name(), 0);
    while (!reached_.empty()) {
      const std::string tensor = std::move(reached_.front());
      reached_.pop_front();
      for (const int i : users[tensor]) {
        if (--missing[static_cast<size_t>(i)] == 0) RETURN_IF_ERROR(Pass(i, steps[i]));
      }
    }
    std::set<int> streams;
    for (const auto& output : ensemble_.output()) streams.insert(stream_of_[output.name()]);
    return OneStream(streams);
  }

 private:
  // A tensor that is also an input of the ensemble keeps the request's stream.
  void Reach(const std::string& tensor, int stream) {
    if (stream_of_.try_emplace(tensor, stream).second) reached_.push_back(tensor);
  }

  Status Pass(int index, const Step& step) {
    std::set<int> streams;
    for (const auto& [input, tensor] : step.input_map()) streams.insert(stream_of_[tensor]);
    RETURN_IF_ERROR(OneStream(streams));
    const ModelConfig& model = *find_(ModelId(step));
    const bool decoupled = model.model_transaction_policy().decoupled() || EnsembleIsDecoupled(model, find_);
    for (const auto& [output, tensor] : step.output_map()) {
      Reach(tensor, decoupled ? index + 1 : *streams.begin());
    }
    return {};
  }

  Status OneStream(const std::set<int>& streams) const {
    if (streams.size() <= 1) return {};
    return InvalidArg("in ensemble {}, step of model '{}' receives inputs originated from different decoupled models",
                      ensemble_.name(), ensemble_.name());
  }

  const ModelConfig& ensemble_;
  const ModelConfigLookup& find_;
  std::map<std::string, int> stream_of_;
  std::deque<std::string> reached_;  // whose users have not been told yet
};

// `path`: the ids of the ensembles from the first to this one, of which it is added by `id`.
Status ValidateBelow(const std::string& id, const ModelConfig& ensemble, const ModelConfigLookup& find,
                     std::vector<std::string>& path, std::set<std::string>& valid) {
  path.push_back(id);
  for (const std::string& called : ComposingModels(ensemble)) {
    if (valid.contains(called)) continue;
    if (path.size() >= kMaxDepth || std::find(path.begin(), path.end(), called) != path.end()) {
      return InvalidArg("circular dependency between ensembles: {} -> ... -> {} -> {}", called, id, called);
    }
    const ModelConfig* model = find(called);
    if (model == nullptr) {
      return InvalidArg("ensemble {} contains models that are not available or ambiguous: {}", ensemble.name(), called);
    }
    if (IsEnsemble(*model)) RETURN_IF_ERROR(ValidateBelow(called, *model, find, path, valid));
    valid.insert(called);
  }
  path.pop_back();
  RETURN_IF_ERROR(ValidateTensors(ensemble, find));
  return Streams(ensemble, find).Check();
}

bool AnyDecoupled(const ModelConfig& ensemble, const ModelConfigLookup& find, std::set<std::string>& seen) {
  const std::vector<std::string> models = ComposingModels(ensemble);
  return std::any_of(models.begin(), models.end(), [&](const std::string& name) {
    const ModelConfig* model = seen.insert(name).second ? find(name) : nullptr;
    if (model == nullptr) return false;
    return model->model_transaction_policy().decoupled() || AnyDecoupled(*model, find, seen);
  });
}

}  // namespace

Status ValidateEnsemble(const ModelConfig& ensemble, const ModelConfigLookup& find, const std::string& name_space) {
  std::vector<std::string> path;
  std::set<std::string> valid;
  return ValidateBelow(ModelId(name_space, ensemble.name()), ensemble, find, path, valid);
}

bool EnsembleIsDecoupled(const ModelConfig& ensemble, const ModelConfigLookup& find) {
  std::set<std::string> seen = {ensemble.name()};
  return AnyDecoupled(ensemble, find, seen);
}

}  // namespace neso
