#include "graph_check.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

#include "neso/backend/text.h"
#include "neso/protobuf_wire.h"

namespace neso::tensorflow {
namespace {

using backend::Status;
using wire::Field;
using wire::Fields;
using wire::WireType;

constexpr uint64_t kMaxCount = 1'000'000;  // inputs or outputs of one node
// Of a constant that has fewer bytes in the file than elements: one value that is repeated could ask for any amount of memory.
constexpr uint64_t kMaxConstantElements = uint64_t{1} << 28;

bool IsBytes(const Field& field, uint64_t number) { return field.number == number && field.type == WireType::kBytes; }
bool IsVarint(const Field& field, uint64_t number) { return field.number == number && field.type == WireType::kVarint; }

// Calls `take` with each field that is there.
template <typename Take>
void ForEachField(std::string_view message, const Take& take) {
  Fields fields(message);
  while (const std::optional<Field> field = fields.Next()) take(*field);
}

// The last field of that number that is a message, text or bytes; nothing if there is none.
std::optional<std::string_view> BytesIn(std::string_view message, uint64_t number) {
  std::optional<std::string_view> found;
  ForEachField(message, [&](const Field& field) {
    if (IsBytes(field, number)) found = field.bytes;
  });
  return found;
}

// Of a function or an OpDef: both have it first.
std::string_view NameOf(std::string_view message) { return BytesIn(message, 1).value_or(""); }

uint64_t NumberIn(std::string_view message, uint64_t number) {
  uint64_t found = 0;
  ForEachField(message, [&](const Field& field) {
    if (IsVarint(field, number)) found = field.value;
  });
  return found;
}

size_t CountIn(std::string_view message, uint64_t number) {
  size_t count = 0;
  ForEachField(message, [&](const Field& field) { count += IsBytes(field, number) ? 1 : 0; });
  return count;
}

// How many types an AttrValue lists; they may be packed into one field.
size_t CountTypes(std::string_view attribute) {
  size_t count = 0;
  ForEachField(BytesIn(attribute, 1).value_or(""), [&](const Field& field) {
    if (IsVarint(field, 6)) ++count;
    if (IsBytes(field, 6)) {
      count += static_cast<size_t>(std::ranges::count_if(field.bytes, [](char byte) { return (byte & 0x80) == 0; }));
    }
  });
  return count;
}

// The product of a TensorShapeProto's sizes; nothing if one is negative or there are more than `most`.
std::optional<uint64_t> ElementsOf(std::string_view shape, uint64_t most) {
  uint64_t elements = 1;
  bool is_possible = true;
  ForEachField(shape, [&](const Field& field) {
    if (!IsBytes(field, 2)) return;
    const uint64_t size = NumberIn(field.bytes, 1);
    is_possible = is_possible && size <= most && !__builtin_mul_overflow(elements, size, &elements);
  });
  if (!is_possible || elements > most) return std::nullopt;
  return elements;
}

// A constant is what its tensor is, but other nodes go by what it says of itself.
Status CheckConstant(std::string_view name, std::string_view value, std::string_view type) {
  const std::string_view tensor = BytesIn(value, 8).value_or("");
  const uint64_t provided = NumberIn(tensor, 1);
  const uint64_t expected = NumberIn(type, 6);
  if (provided != expected) {
    return Status::InvalidArg("node '", name, "': expected a constant of data type ", expected, ", got ", provided);
  }
  const uint64_t most = std::max<uint64_t>(kMaxConstantElements, tensor.size());
  if (ElementsOf(BytesIn(tensor, 2).value_or(""), most)) return {};
  return Status::InvalidArg("node '", name, "': expected a constant of at most ", most, " elements, got another shape");
}

struct Call {
  std::string_view function;  // the attribute that names it
  std::string_view inputs;    // the attribute that lists their types
  std::string_view outputs;
};
struct CallingOperation {
  std::string_view op;
  std::vector<Call> calls;
};

// Those whose kernels take the function's outputs for the node's.
const std::vector<CallingOperation>& CallingOperations() {
  static const std::vector<CallingOperation> operations = {
      {"PartitionedCall", {{"f", "Tin", "Tout"}}},
      {"StatefulPartitionedCall", {{"f", "Tin", "Tout"}}},
      {"If", {{"then_branch", "Tin", "Tout"}, {"else_branch", "Tin", "Tout"}}},
      {"StatelessIf", {{"then_branch", "Tin", "Tout"}, {"else_branch", "Tin", "Tout"}}},
      {"While", {{"body", "T", "T"}}},
      {"StatelessWhile", {{"body", "T", "T"}}},
  };
  return operations;
}

}  // namespace

struct GraphCheck::Node {
  std::string_view name;
  std::string_view op;
  std::map<std::string_view, std::string_view> attributes;  // serialised

  std::optional<std::string_view> Find(std::string_view attribute) const {
    const auto found = attributes.find(attribute);
    if (found == attributes.end()) return std::nullopt;
    return found->second;
  }
};

CountAttributes ReadCountAttributes(std::string_view op_list) {
  CountAttributes counts;
  ForEachField(op_list, [&](const Field& op) {
    if (!IsBytes(op, 1)) return;
    std::vector<std::string> names;
    ForEachField(op.bytes, [&](const Field& argument) {
      if (!IsBytes(argument, 2) && !IsBytes(argument, 3)) return;
      const std::string_view attribute = BytesIn(argument.bytes, 5).value_or("");
      if (!attribute.empty()) names.emplace_back(attribute);
    });
    if (!names.empty()) counts[std::string(BytesIn(op.bytes, 1).value_or(""))] = std::move(names);
  });
  return counts;
}

Status GraphCheck::Check(std::string_view graph_def) {
  ForEachField(graph_def, [&](const Field& field) {
    if (IsBytes(field, 2)) ReadFunctions(field.bytes);
  });
  Status problem;
  ForEachField(graph_def, [&](const Field& field) {
    if (!problem.ok()) return;
    if (IsBytes(field, 1)) problem = CheckNode(field.bytes, nullptr);
    if (IsBytes(field, 2)) problem = CheckFunctions(field.bytes);
  });
  if (!problem.ok()) return problem;
  return CheckRecursion();
}

// Sizes of their signatures.
void GraphCheck::ReadFunctions(std::string_view library) {
  ForEachField(library, [&](const Field& field) {
    if (!IsBytes(field, 1)) return;
    const std::string_view signature = BytesIn(field.bytes, 1).value_or("");
    functions_[NameOf(signature)] = {.inputs = CountIn(signature, 2), .outputs = CountIn(signature, 3), .calls = {}};
  });
}

Status GraphCheck::CheckFunctions(std::string_view library) {
  Status problem;
  ForEachField(library, [&](const Field& function) {
    if (!IsBytes(function, 1)) return;
    Function& caller = functions_[NameOf(BytesIn(function.bytes, 1).value_or(""))];
    ForEachField(function.bytes, [&](const Field& field) {
      if (problem.ok() && IsBytes(field, 3)) problem = CheckNode(field.bytes, &caller);
    });
  });
  return problem;
}

bool GraphCheck::ParseNode(std::string_view message, Node& node) {
  Fields fields(message);
  while (const std::optional<Field> field = fields.Next()) {
    if (IsBytes(*field, 1)) node.name = field->bytes;
    if (IsBytes(*field, 2)) node.op = field->bytes;
    if (IsBytes(*field, 5)) {
      node.attributes[BytesIn(field->bytes, 1).value_or("")] = BytesIn(field->bytes, 2).value_or("");
    }
  }
  return !fields.is_broken();
}

// `caller`: the function that the node is in; null in the graph itself.
Status GraphCheck::CheckNode(std::string_view message, Function* caller) {
  Node node;
  if (!ParseNode(message, node)) return Status::InvalidArg("the graph ends in the middle of node '", node.name, "'");
  if (node.op == "Const") {
    NESO_RETURN_IF_ERROR(CheckConstant(node.name, node.Find("value").value_or(""), node.Find("dtype").value_or("")));
  }
  if (node.op == "VarHandleOp" || node.op == "VariableV2" || node.op == "Variable") has_variables_ = true;
  if (caller != nullptr) NoteCalls(node, *caller);
  NESO_RETURN_IF_ERROR(CheckCounts(node));
  return CheckCalls(node);
}

// A function is called by its name as an operation, or by an attribute that names one or lists some.
void GraphCheck::NoteCalls(const Node& node, Function& caller) const {
  const auto note = [&](std::string_view name) {
    if (functions_.contains(name)) caller.calls.insert(name);
  };
  note(node.op);
  for (const auto& [name, value] : node.attributes) {
    if (const auto function = BytesIn(value, 10)) note(NameOf(*function));
    ForEachField(BytesIn(value, 1).value_or(""), [&](const Field& field) {
      if (IsBytes(field, 9)) note(NameOf(field.bytes));
    });
  }
}

// TensorFlow puts functions in the place of their calls, as deep as they go. Those that call nobody are taken away, then those
// that called only them, and so on: what is left calls itself.
Status GraphCheck::CheckRecursion() const {
  std::map<std::string_view, std::vector<std::string_view>> callers;
  std::map<std::string_view, size_t> calls_left;
  std::vector<std::string_view> done;
  for (const auto& [name, function] : functions_) {
    for (const std::string_view called : function.calls) callers[called].push_back(name);
    calls_left[name] = function.calls.size();
    if (function.calls.empty()) done.push_back(name);
  }
  for (size_t i = 0; i < done.size(); ++i) {
    for (const std::string_view caller : callers[done[i]]) {
      if (--calls_left[caller] == 0) done.push_back(caller);
    }
  }
  if (done.size() == functions_.size()) return {};
  const auto left = std::ranges::find_if(calls_left, [](const auto& entry) { return entry.second > 0; });
  return Status::InvalidArg("function '", left->first, "' calls itself, or functions that do");
}

Status GraphCheck::CheckCounts(const Node& node) const {
  const auto counts = counts_.find(node.op);
  if (counts == counts_.end()) return {};
  for (const std::string& name : counts->second) {
    const uint64_t count = NumberIn(node.Find(name).value_or(""), 3);
    if (count > kMaxCount) {
      return Status::InvalidArg("node '", node.name, "': attribute '", name, "': expected a number up to ", kMaxCount,
                                ", got ", static_cast<int64_t>(count));
    }
  }
  return {};
}

Status GraphCheck::CheckCalls(const Node& node) const {
  for (const CallingOperation& operation : CallingOperations()) {
    if (operation.op != node.op) continue;
    for (const Call& call : operation.calls) {
      const std::string_view attribute = node.Find(call.function).value_or("");
      const std::string_view name = NameOf(BytesIn(attribute, 10).value_or(""));
      const auto function = functions_.find(name);
      if (function == functions_.end()) continue;  // which TensorFlow finds out
      const size_t inputs = CountTypes(node.Find(call.inputs).value_or(""));
      const size_t outputs = CountTypes(node.Find(call.outputs).value_or(""));
      if (inputs == function->second.inputs && outputs == function->second.outputs) continue;
      return Status::InvalidArg("node '", node.name, "' calls '", name, "' with ", inputs, " inputs for ", outputs,
                                " outputs: expected ", function->second.inputs, " and ", function->second.outputs);
    }
  }
  return {};
}

}  // namespace neso::tensorflow
