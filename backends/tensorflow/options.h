// What the command line and a model's configuration say of its execution, and TensorFlow's own form of it.
//
// Source: the parameters of the TensorFlow backend, in docs/backends/tensorflow.md; config.proto of TensorFlow (numbers of
// fields).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "neso/backend/json.h"
#include "neso/backend/parameters.h"

namespace neso::tensorflow {

// Of --backend-config=tensorflow,...
struct Settings {
  bool allow_soft_placement = true;
  double gpu_memory_fraction = 0;  // 0: it grows on demand
  int64_t default_max_batch_size = 4;
};

struct Options {
  std::string tag = "serve";
  std::optional<std::string> signature;
  int64_t intra_op_threads = 0;  // 0: as many as there are processors; of the whole process, the first model decides
  int64_t inter_op_threads = 0;  // likewise, unless per_session_threads
  bool per_session_threads = false;
  std::optional<int64_t> session_share_count;  // instances that share a session at most; none: all of them
  std::string init_ops_file;
  int64_t jit_level = 0;                  // optimization.graph.level
  std::vector<std::string> op_libraries;  // model_operations.op_library_filename
};

// Errors: INVALID_ARG for a value that is none.
backend::Result<Settings> ReadSettings(const backend::Parameters& parameters);
// `document`: the whole configuration.
backend::Result<Options> ReadOptions(const backend::Parameters& parameters, const rapidjson::Value& document);

// A serialised ConfigProto.
std::string SessionConfig(const Settings& settings, const Options& options);

}  // namespace neso::tensorflow
