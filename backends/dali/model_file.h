// Finds a model's pipeline: a serialized one, or a Python file that makes it.
#pragma once

#include <chrono>
#include <string>

#include "errors.h"
#include "pipeline_file.h"

namespace neso::dali {

struct ModelFile {
  std::string serialized;
  PipelineNumbers numbers;
};

struct ModelPlaces {
  std::string folder;      // of the version
  std::string file;        // default_model_filename; empty: model.dali
  std::string serializer;  // the script that is run for Python files
  std::chrono::milliseconds limit{0};
};

// In this order: the file as a serialized pipeline; the file as Python, if it ends with ".py"; "dali.py" in the same
// folder. An error names the places that were looked at, and what was wrong with each.
Result<ModelFile> FindModel(const ModelPlaces& places);

// INVALID_ARG-like errors for names with "..", or with characters that no shell and no path takes as they are.
Status CheckFileName(const std::string& file);

}  // namespace neso::dali
