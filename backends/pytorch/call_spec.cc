#include "call_spec.h"

#include <algorithm>
#include <optional>

#include "neso/backend/json.h"

namespace neso::pytorch {
namespace {

using backend::FindMember;
using backend::ModelConfig;
using backend::StringOr;
using Names = std::vector<std::string>;

constexpr size_t kMaxDepth = 64;

Status Unreadable(std::string_view what) {
  return Status::Internal("the package's call specification cannot be read: ", what);
}

Result<rapidjson::Document> Parse(std::string_view text) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (document.HasParseError()) return Unreadable("it is no JSON");
  return document;
}

// [1, {tree}]
Result<rapidjson::Document> ParseTree(std::string_view text) {
  NESO_ASSIGN_OR_RETURN(rapidjson::Document document, Parse(text));
  if (!document.IsArray() || document.Size() != 2 || !document[0].IsInt() || !document[1].IsObject()) {
    return Unreadable("expected [version, tree]");
  }
  if (document[0].GetInt() != 1) return Unreadable("its version is not 1");
  return document;
}

const rapidjson::Value* ChildrenOf(const rapidjson::Value& node) {
  const rapidjson::Value* children = FindMember(node, "children_spec");
  return children != nullptr && children->IsArray() ? children : nullptr;
}

// The keys of a dictionary's children, which are JSON within the JSON; numbers for a list's or a tuple's.
Result<Names> KeysOf(const rapidjson::Value& node, size_t count) {
  Names keys;
  if (!StringOr(node, "type").ends_with("dict") && !StringOr(node, "type").ends_with("Dict")) {
    for (size_t i = 0; i < count; ++i) keys.push_back(std::to_string(i));
    return keys;
  }
  NESO_ASSIGN_OR_RETURN(const rapidjson::Document context, Parse(StringOr(node, "context")));
  if (!context.IsArray() || context.Size() != count) return Unreadable("a dictionary has other keys than children");
  for (const rapidjson::Value& key : context.GetArray()) {
    if (!key.IsString() && !key.IsInt64()) return Unreadable("a key is neither text nor a number");
    keys.push_back(key.IsString() ? key.GetString() : std::to_string(key.GetInt64()));
  }
  return keys;
}

// Appends the names of the tensors below `node`, which is called by each of `prefixes`.
Status AddNames(const rapidjson::Value& node, const Names& prefixes, size_t depth, std::vector<Names>& tensors) {
  if (depth > kMaxDepth) return Unreadable("it is nested too deeply");
  const rapidjson::Value* const children = ChildrenOf(node);
  const rapidjson::Value* const type = FindMember(node, "type");
  if (children == nullptr || type == nullptr) return Unreadable("a node has no type or no children");
  if (type->IsNull()) {
    tensors.push_back(prefixes);
    return {};
  }
  NESO_ASSIGN_OR_RETURN(const Names keys, KeysOf(node, children->Size()));
  for (rapidjson::SizeType i = 0; i < children->Size(); ++i) {
    Names names;
    for (const std::string& prefix : prefixes) names.push_back(prefix + "[" + keys[i] + "]");
    // Triton registers a keyword without the brackets that it documents.
    if (depth == 0 && prefixes[0] == "KWARGS") names.push_back("KWARGS" + keys[i]);
    NESO_RETURN_IF_ERROR(AddNames((*children)[i], names, depth + 1, tensors));
  }
  return {};
}

void AddNumbers(const char* prefix, std::vector<Names>& tensors) {
  for (size_t i = 0; i < tensors.size(); ++i) tensors[i].push_back(prefix + std::to_string(i));
}

std::optional<size_t> Find(const std::vector<Names>& tensors, const std::string& name) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (std::ranges::find(tensors[i], name) != tensors[i].end()) return i;
  }
  return std::nullopt;
}

Status CheckNumeric(const backend::TensorConfig& tensor, const char* role, const ModelConfig& config) {
  if (tensor.datatype != TRITONSERVER_TYPE_BYTES) return CheckDatatype(tensor.datatype, role, tensor.name, config);
  return Status::Internal("unsupported datatype TYPE_STRING for ", role, " '", tensor.name, "' for model '",
                          config.name, "'");
}

}  // namespace

Result<CallNames> ReadCallSpec(std::string_view inputs, std::string_view outputs) {
  CallNames names;
  NESO_ASSIGN_OR_RETURN(const rapidjson::Document input_tree, ParseTree(inputs));
  const rapidjson::Value* const both = ChildrenOf(input_tree[1]);
  if (both == nullptr || both->Size() != 2) return Unreadable("expected positional and keyword arguments");
  NESO_RETURN_IF_ERROR(AddNames((*both)[0], {"ARGS"}, 0, names.inputs));
  NESO_RETURN_IF_ERROR(AddNames((*both)[1], {"KWARGS"}, 0, names.inputs));
  NESO_ASSIGN_OR_RETURN(const rapidjson::Document output_tree, ParseTree(outputs));
  NESO_RETURN_IF_ERROR(AddNames(output_tree[1], {"RESULT"}, 0, names.outputs));
  AddNumbers("INPUT__", names.inputs);
  AddNumbers("OUTPUT__", names.outputs);
  return names;
}

Result<Binding> BindPackage(const CallNames& names, const ModelConfig& config, const std::string& instance) {
  NESO_RETURN_IF_ERROR(CheckLists(config));
  Binding binding;
  for (const backend::TensorConfig& input : config.inputs) {
    NESO_RETURN_IF_ERROR(CheckNumeric(input, "input", config));
    const std::optional<size_t> position = Find(names.inputs, input.name);
    if (!position) {
      return Status::Internal("Input \"", input.name, "\" for model instance \"", instance,
                              "\" is not found in model input map.");
    }
    binding.inputs.push_back({input.name, *position, input.datatype, nullptr});
  }
  NESO_RETURN_IF_ERROR(CheckPositions(names.inputs.size(), config, binding));
  for (const backend::TensorConfig& output : config.outputs) {
    NESO_RETURN_IF_ERROR(CheckNumeric(output, "output", config));
    const std::optional<size_t> index = Find(names.outputs, output.name);
    if (!index) {
      return Status::Internal("Output \"", output.name, "\" for model instance \"", instance,
                              "\" is not found in model output map.");
    }
    binding.outputs.push_back({output.name, *index, output.datatype});
  }
  return binding;
}

}  // namespace neso::pytorch
