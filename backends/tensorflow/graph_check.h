// Finds in a graph what TensorFlow does not look at before it relies on it: it would end the process, with the server, instead
// of refusing the graph. Such graphs are not written by TensorFlow, but found in damaged files.
//
//   NESO_RETURN_IF_ERROR(GraphCheck(counts).Check(graph_def));
//
// Source: graph.proto, node_def.proto, function.proto, op_def.proto, attr_value.proto and tensor.proto of TensorFlow (numbers of
// fields); the rest was found with some ten thousand changed files.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "neso/backend/status.h"

namespace neso::tensorflow {

// For each operation the attributes that say how many inputs or outputs it has.
using CountAttributes = std::map<std::string, std::vector<std::string>, std::less<>>;

// From a serialised OpList, which is what TensorFlow says of its operations.
CountAttributes ReadCountAttributes(std::string_view op_list);

class GraphCheck {
 public:
  // `counts` outlives it.
  explicit GraphCheck(const CountAttributes& counts) : counts_(counts) {}

  // `graph_def`: serialised. Errors: INVALID_ARG, naming the node.
  backend::Status Check(std::string_view graph_def);
  // Whether it has some, whose values are kept elsewhere. After Check().
  bool has_variables() const { return has_variables_; }

 private:
  struct Function {
    size_t inputs = 0;
    size_t outputs = 0;
    std::set<std::string_view> calls;
  };
  struct Node;

  static bool ParseNode(std::string_view message, Node& node);
  void ReadFunctions(std::string_view library);
  backend::Status CheckFunctions(std::string_view library);
  backend::Status CheckNode(std::string_view message, Function* caller);
  void NoteCalls(const Node& node, Function& caller) const;
  backend::Status CheckRecursion() const;
  backend::Status CheckCounts(const Node& node) const;
  backend::Status CheckCalls(const Node& node) const;

  const CountAttributes& counts_;
  bool has_variables_ = false;
  std::map<std::string_view, Function> functions_;  // views into the graph
};

}  // namespace neso::tensorflow
