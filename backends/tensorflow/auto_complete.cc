#include "auto_complete.h"

#include <algorithm>
#include <optional>
#include <string>

#include "datatypes.h"
#include "neso/backend/completion.h"
#include "neso/backend/config.h"
#include "neso/backend/log.h"

namespace neso::tensorflow {
namespace {

using backend::FindMember;
using backend::Status;
using rapidjson::Document;
using rapidjson::Value;

class Completion {
 public:
  // `said`: what `config` says before it is completed.
  Completion(const Signature& signature, const backend::ModelConfig& said, Document& config)
      : signature_(signature), said_(said), config_(config), name_(said.name) {}

  Status Complete(int64_t default_max_batch_size) {
    NESO_RETURN_IF_ERROR(CompleteBatching(default_max_batch_size));
    NESO_RETURN_IF_ERROR(CompleteTensors("input", signature_.inputs));
    return CompleteTensors("output", signature_.outputs);
  }

 private:
  template <typename Predicate>
  bool AllTensors(const Predicate& predicate) const {
    return std::ranges::all_of(signature_.inputs, predicate) && std::ranges::all_of(signature_.outputs, predicate);
  }

  static std::vector<int64_t> DimsOf(const Value& tensor) {
    const Value* const reshape = FindMember(tensor, "reshape");
    return backend::Integers(reshape == nullptr ? tensor : *reshape, reshape == nullptr ? "dims" : "shape");
  }

  // Whether listed dims leave room for a batch; nothing if there are none, or no rank to compare them with. Ragged inputs
  // have a shape of their own.
  Status ReadHints(const char* list, const std::vector<TensorInfo>& tensors, std::optional<bool>& batches) const {
    Status contradiction;
    backend::internal::ForEach(config_, list, [&](const Value& listed) {
      const auto tensor = std::ranges::find(tensors, backend::StringOr(listed, "name"), &TensorInfo::key);
      if (tensor == tensors.end() || tensor->shape.empty() || !FindMember(listed, "dims")) return;
      if (backend::BoolOr(listed, "allow_ragged_batch", false) || DimsOf(listed).empty()) return;
      const bool has_room = DimsOf(listed).size() + 1 == tensor->shape.size();
      if (batches && *batches != has_room) {
        contradiction = Status::Internal(
            "unable to autofill for '", name_,
            "', model tensor configurations are contradicting each other in terms of whether batching is supported");
      }
      batches = has_room;
    });
    return contradiction;
  }

  Status CompleteBatching(int64_t default_max_batch_size) {
    max_batch_size_ = backend::IntOr(config_, "max_batch_size", 0);
    const bool can_batch = AllTensors([](const TensorInfo& tensor) { return tensor.HasBatchDimension(); });
    // One that has no rank may have a batch, if the configuration says so.
    const bool may_batch =
        AllTensors([](const TensorInfo& tensor) { return !tensor.has_rank || tensor.HasBatchDimension(); });
    if (max_batch_size_ > 0 && !may_batch) {
      return Status::Internal("unable to autofill for '", name_, "', configuration specified max-batch ",
                              max_batch_size_, " but model signature does not support batching");
    }
    std::optional<bool> batches;
    NESO_RETURN_IF_ERROR(ReadHints("input", signature_.inputs, batches));
    NESO_RETURN_IF_ERROR(ReadHints("output", signature_.outputs, batches));
    if (max_batch_size_ == 0 && can_batch && batches.value_or(true) && default_max_batch_size > 0) {
      max_batch_size_ = default_max_batch_size;
      NESO_LOG_WARNING("autofilled max_batch_size to ", max_batch_size_, " for model '", name_,
                       "' since batching is supporrted but no max_batch_size is specified in model configuration. Must "
                       "specify max_batch_size to utilize autofill with a larger max batch size");
    }
    backend::SetBatching(max_batch_size_, config_);
    return {};
  }

  Status CompleteTensors(const char* list, const std::vector<TensorInfo>& tensors) {
    if (!backend::IsEmptyList(config_, list)) {
      for (Value& tensor : config_[list].GetArray()) {
        const auto known = std::ranges::find(tensors, backend::StringOr(tensor, "name"), &TensorInfo::key);
        if (known != tensors.end()) NESO_RETURN_IF_ERROR(CompleteTensor(*known, tensor));
      }
      return {};
    }
    Value all(rapidjson::kArrayType);
    for (const TensorInfo& known : tensors) {
      if (IsMade(known.key)) continue;
      Value tensor(rapidjson::kObjectType);
      tensor.AddMember("name", Value(known.key, config_.GetAllocator()), config_.GetAllocator());
      NESO_RETURN_IF_ERROR(CompleteTensor(known, tensor));
      all.PushBack(tensor, config_.GetAllocator());
    }
    backend::SetMember(config_, list, std::move(all), config_);
    return {};
  }

  // Whether the sequence batcher or a batch input makes it.
  bool IsMade(const std::string& name) const {
    return said_.FindBatchInput(name) != nullptr ||
           std::ranges::find(said_.controls, name, &backend::ControlConfig::name) != said_.controls.end();
  }

  Status CompleteTensor(const TensorInfo& known, Value& tensor) {
    if (const std::string type = backend::StringOr(tensor, "data_type"); type.empty() || type == "TYPE_INVALID") {
      if (DataTypeOf(known.type) == TRITONSERVER_TYPE_INVALID) {
        return Status::InvalidArg("unsupported datatype '", TypeName(known.type), "' for tensor '", known.key,
                                  "' for model '", name_, "'");
      }
      backend::SetMember(tensor, "data_type", Value(TypeName(known.type), config_.GetAllocator()), config_);
    }
    if (!backend::Integers(tensor, "dims").empty()) return {};
    return CompleteDims(known, tensor);
  }

  Status CompleteDims(const TensorInfo& known, Value& tensor) {
    if (known.shape.empty()) {
      return Status::Internal("Unable to autofill for '", name_, "': the rank of model tensor '", known.key,
                              "' is 0 and dimensions are not defined");
    }
    backend::SetDims(known.shape, max_batch_size_ > 0, tensor, config_);
    return {};
  }

  const Signature& signature_;
  const backend::ModelConfig& said_;
  Document& config_;
  const std::string& name_;
  int64_t max_batch_size_ = 0;
};

}  // namespace

Status AutoComplete(const Signature& signature, int64_t default_max_batch_size, Document& config) {
  NESO_ASSIGN_OR_RETURN(const backend::ModelConfig said, backend::ModelConfig::Parse(config));
  return Completion(signature, said, config).Complete(default_max_batch_size);
}

}  // namespace neso::tensorflow
