// What a model's parameters say of its execution. Source: the OpenVINO backend's parameters, in docs/backends/openvino.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "neso/backend/parameters.h"

namespace neso::openvino {

struct Options {
  std::string device = "CPU";    // OpenVINO's name for it, or for several: "AUTO", "MULTI:..."
  std::string performance_hint;  // empty: not said
  std::optional<int64_t> inference_threads;
  std::optional<int64_t> compilation_threads;
  std::string streams;    // "AUTO", "NUMA", a number; empty: not said
  std::string precision;  // in which it computes: "bf16", "f32"; empty: the device's choice
  bool no_auto_batching = false;
  bool pad_batches = false;     // a batch is filled up to max_batch_size
  bool open_batches = false;    // the network takes batches of any size
  bool reshape_inputs = false;  // to the configuration's dims
  std::string extension_path;
};

// Errors: INVALID_ARG for a value that is none.
backend::Result<Options> ReadOptions(const backend::Parameters& parameters);

}  // namespace neso::openvino
