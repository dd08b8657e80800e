// A model of the DALI backend: its pipeline, serialized, and how its instances are to run it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "description.h"
#include "model_file.h"
#include "neso/backend/backend.h"
#include "options.h"
#include "pipeline.h"

namespace neso::dali {

class DaliModel final : public backend::Model {
 public:
  static Status InitializeBackend(const backend::Backend& backend);
  static Status DescribeBackend(const backend::Backend&, TRITONBACKEND_BackendAttribute* attributes);

  DaliModel();
  ~DaliModel();

  Status Initialize();
  // A new pipeline, on a GPU or on the CPU alone. Any thread.
  Result<std::unique_ptr<Pipeline>> BuildPipeline(std::optional<int> gpu) const;

  const Options& options() const { return options_; }
  // Inputs and outputs in the pipeline's order; outputs go by position, inputs by name.
  const PipelineDescription& description() const { return description_; }

 private:
  Status ReadDescription(const rapidjson::Document& document);

  Options options_;
  ModelFile file_;
  bool batches_ = true;
  PipelineDescription description_;
};

}  // namespace neso::dali
