// What a model's parameters say. Source: the FIL backend's parameters, in docs/backends/fil.md.
#pragma once

#include <cstdint>
#include <string>

#include "neso/backend/parameters.h"

namespace neso::fil {

struct Options {
  std::string format;           // "model_type"
  std::string usual_file_name;  // of that format
  bool is_classifier = false;
  bool predict_proba = false;
  float threshold = 0.5F;
  bool allow_unknown_fields = false;
  int64_t threads = -1;  // below 1: all processors
};

// Warns of parameters that have no effect any more. Errors: INVALID_ARG for a value that is none, UNSUPPORTED for a format.
backend::Result<Options> ReadOptions(const backend::Parameters& parameters);

}  // namespace neso::fil
