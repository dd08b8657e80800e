// What a model's configuration says to this backend beside its tensors. Free of TensorRT's and CUDA's headers.
//
//   NESO_ASSIGN_OR_RETURN(const Options options, ReadOptions(config, document));
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "neso/backend/config.h"
#include "neso/backend/json.h"
#include "neso/backend/status.h"

namespace neso::tensorrt {

enum class Priority { kDefault, kMin, kMax };

// A CUDA graph that the configuration asks for.
struct GraphSpec {
  int64_t batch_size = 0;                            // 0: the model does not batch
  std::map<std::string, std::vector<int64_t>> dims;  // of inputs, without the batch; what is not here, the engine says
};

struct Options {
  bool allocates_on_profile_change = false;  // the memory of contexts
  Priority priority = Priority::kDefault;    // of the streams
  bool uses_graphs = false;
  std::vector<GraphSpec> graphs;                           // empty unless uses_graphs
  std::map<std::string, std::string> files_by_capability;  // "9.0": "model.sm90.plan"
};

// `document`: the whole of the configuration. Errors: INVALID_ARG for values that are none, UNSUPPORTED for engines that span several GPUs.
backend::Result<Options> ReadOptions(const backend::ModelConfig& config, const rapidjson::Value& document);

// What is said of the first instance group.
struct FirstGroup {
  bool is_elsewhere = false;  // than on a GPU; where nothing is said it runs on one
  int32_t gpu = 0;
  std::vector<std::string> profiles;
};
FirstGroup ReadFirstGroup(const rapidjson::Value& document);

}  // namespace neso::tensorrt
