#include "saved_model.h"

#include <algorithm>

#include "neso/protobuf_wire.h"

namespace neso::tensorflow {
namespace {

using backend::Result;
using backend::Status;
using wire::Field;
using wire::Fields;
using wire::WireType;

// Dimensions of a tensor; TensorFlow itself has no more.
constexpr size_t kMaxRank = 254;

struct Entry {
  std::string key;
  std::string_view value;
};

bool Is(const Field& field, uint64_t number, WireType type) { return field.number == number && field.type == type; }
bool IsBytes(const Field& field, uint64_t number) { return Is(field, number, WireType::kBytes); }

// Calls `take` with each field; false where the bytes end in the middle of one, or where `take` says so.
template <typename Take>
bool Walk(std::string_view message, const Take& take) {
  Fields fields(message);
  while (const std::optional<Field> field = fields.Next()) {
    if (!take(*field)) return false;
  }
  return !fields.is_broken();
}

bool ParseEntry(std::string_view message, Entry& entry) {
  return Walk(message, [&](const Field& field) {
    if (IsBytes(field, 1)) entry.key = field.bytes;
    if (IsBytes(field, 2)) entry.value = field.bytes;
    return true;
  });
}

bool ParseDim(std::string_view message, int64_t& size) {
  return Walk(message, [&](const Field& field) {
    if (Is(field, 1, WireType::kVarint)) size = static_cast<int64_t>(field.value);
    return true;
  });
}

bool ParseShape(std::string_view message, TensorInfo& tensor) {
  tensor.has_rank = true;
  const bool parsed = Walk(message, [&](const Field& field) {
    if (Is(field, 3, WireType::kVarint) && field.value != 0) tensor.has_rank = false;
    if (!IsBytes(field, 2)) return true;
    int64_t size = 0;
    if (tensor.shape.size() == kMaxRank || !ParseDim(field.bytes, size) || size < -1) return false;
    tensor.shape.push_back(size);
    return true;
  });
  if (!tensor.has_rank) tensor.shape.clear();
  return parsed;
}

bool ParseTensor(std::string_view message, TensorInfo& tensor) {
  return Walk(message, [&](const Field& field) {
    if (IsBytes(field, 1)) tensor.tensor = field.bytes;
    if (Is(field, 2, WireType::kVarint)) tensor.type = field.value;
    return !IsBytes(field, 3) || ParseShape(field.bytes, tensor);
  });
}

bool ParseTensorEntry(std::string_view message, std::vector<TensorInfo>& tensors) {
  Entry entry;
  TensorInfo tensor;
  if (!ParseEntry(message, entry) || !ParseTensor(entry.value, tensor)) return false;
  tensor.key = entry.key;
  tensors.push_back(std::move(tensor));
  return true;
}

// Of a map the last entry of a key counts; sorted, so that lists in messages do not depend on how the file was written.
void SortByKey(std::vector<TensorInfo>& tensors) {
  std::ranges::reverse(tensors);
  std::ranges::stable_sort(tensors, {}, &TensorInfo::key);
  const auto same = std::ranges::unique(tensors, {}, &TensorInfo::key);
  tensors.erase(same.begin(), same.end());
}

bool ParseSignature(std::string_view message, MetaGraph& graph) {
  Entry entry;
  if (!ParseEntry(message, entry)) return false;
  Signature signature{.name = entry.key, .inputs = {}, .outputs = {}};
  const bool parsed = Walk(entry.value, [&](const Field& field) {
    if (IsBytes(field, 1)) return ParseTensorEntry(field.bytes, signature.inputs);
    if (IsBytes(field, 2)) return ParseTensorEntry(field.bytes, signature.outputs);
    return true;
  });
  SortByKey(signature.inputs);
  SortByKey(signature.outputs);
  graph.signatures[entry.key] = std::move(signature);
  return parsed;
}

bool ParseMetaInfo(std::string_view message, MetaGraph& graph) {
  return Walk(message, [&](const Field& field) {
    if (IsBytes(field, 4)) graph.tags.emplace(field.bytes);
    return true;
  });
}

bool ParseMetaGraph(std::string_view message, MetaGraph& graph) {
  return Walk(message, [&](const Field& field) {
    if (IsBytes(field, 1)) return ParseMetaInfo(field.bytes, graph);
    if (IsBytes(field, 2)) graph.graph_def = field.bytes;
    if (IsBytes(field, 5)) return ParseSignature(field.bytes, graph);
    return true;
  });
}

const TensorInfo* Find(const std::vector<TensorInfo>& tensors, std::string_view key) {
  const auto found = std::ranges::find(tensors, key, &TensorInfo::key);
  return found == tensors.end() ? nullptr : &*found;
}

std::string Quoted(const std::string& text) { return "'" + text + "'"; }

std::string TagsOf(const SavedModel& model) {
  std::string text;
  for (const MetaGraph& graph : model.graphs) {
    if (!text.empty()) text += ", ";
    std::string tags;
    for (const std::string& tag : graph.tags) tags += (tags.empty() ? "" : ",") + tag;
    text += Quoted(tags);
  }
  return text;
}

bool IsOwn(const std::string& signature) {
  return signature == "__saved_model_init_op" || signature == "__saved_model_train_op";
}

std::string SignaturesOf(const MetaGraph& graph) {
  std::string text;
  for (const auto& [name, signature] : graph.signatures) {
    if (!IsOwn(name)) text += (text.empty() ? "" : ", ") + Quoted(name);
  }
  return text.empty() ? "none" : text;
}

}  // namespace

const TensorInfo* Signature::FindInput(std::string_view key) const { return Find(inputs, key); }
const TensorInfo* Signature::FindOutput(std::string_view key) const { return Find(outputs, key); }

Result<SavedModel> SavedModel::Parse(std::string_view bytes) {
  SavedModel model;
  const bool parsed = Walk(bytes, [&](const Field& field) {
    return !IsBytes(field, 2) || ParseMetaGraph(field.bytes, model.graphs.emplace_back());
  });
  if (!parsed || model.graphs.empty()) {
    return Status::InvalidArg(
        "expected a SavedModel, as TensorFlow writes it, got something else or only a part of one");
  }
  return model;
}

Result<const MetaGraph*> SavedModel::FindGraph(std::string_view tag) const {
  for (const MetaGraph& graph : graphs) {
    if (graph.tags.size() == 1 && *graph.tags.begin() == tag) return &graph;
  }
  return Status::InvalidArg("expected a graph with the tag '", tag, "' (parameter TF_GRAPH_TAG), the SavedModel has ",
                            TagsOf(*this));
}

Result<const Signature*> FindSignature(const MetaGraph& graph, const std::optional<std::string>& wanted) {
  const std::string& name = wanted.value_or("serving_default");
  if (const auto found = graph.signatures.find(name); found != graph.signatures.end()) return &found->second;
  if (!wanted) {
    for (const auto& [other, signature] : graph.signatures) {
      if (!IsOwn(other)) return &signature;
    }
  }
  return Status::InvalidArg("expected '", name, "' signature, the SavedModel has ", SignaturesOf(graph));
}

}  // namespace neso::tensorflow
