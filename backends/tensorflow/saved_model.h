// What a SavedModel says of itself, read from saved_model.pb without TensorFlow: its graphs' tags and signatures.
//
//   NESO_ASSIGN_OR_RETURN(const SavedModel model, SavedModel::Parse(bytes));
//   NESO_ASSIGN_OR_RETURN(const Signature signature, model.Find("serve", "serving_default"));
//
// Source: saved_model.proto, meta_graph.proto and tensor_shape.proto of TensorFlow (numbers of fields).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "neso/backend/status.h"

namespace neso::tensorflow {

// A tensor of a signature.
struct TensorInfo {
  std::string key;  // its name in the signature, which is the one that clients use
  std::string
      tensor;  // its name in the graph, "operation:output"; empty if it is no plain tensor but a sparse one or of several
  uint64_t type = 0;  // TF_DataType
  bool has_rank = false;
  std::vector<int64_t> shape;  // -1 where the model leaves it open; empty without a rank

  // Whether its first dimension can be a batch.
  bool HasBatchDimension() const { return !shape.empty() && shape[0] == -1; }
};

struct Signature {
  std::string name;
  std::vector<TensorInfo> inputs;  // by key
  std::vector<TensorInfo> outputs;

  const TensorInfo* FindInput(std::string_view key) const;
  const TensorInfo* FindOutput(std::string_view key) const;
};

struct MetaGraph {
  std::string_view graph_def;  // serialised; lies in the bytes that were parsed
  std::set<std::string> tags;
  std::map<std::string, Signature> signatures;
};

struct SavedModel {
  std::vector<MetaGraph> graphs;

  // Errors: INVALID_ARG if the bytes are no SavedModel.
  static backend::Result<SavedModel> Parse(std::string_view bytes);
  // The graph whose only tag is `tag`. Errors: INVALID_ARG, naming the tags that there are.
  backend::Result<const MetaGraph*> FindGraph(std::string_view tag) const;
};

// `wanted`, or where nobody said: "serving_default", else the first by name that is none of TensorFlow's own. Error:
// INVALID_ARG "expected 'S' signature", naming those that there are.
backend::Result<const Signature*> FindSignature(const MetaGraph& graph, const std::optional<std::string>& wanted);

}  // namespace neso::tensorflow
