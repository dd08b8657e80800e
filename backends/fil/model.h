// A model of the FIL backend: its options, its trees, and what its outputs hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "forest.h"
#include "neso/backend/backend.h"
#include "options.h"

namespace neso::fil {

using backend::Result;
using backend::Status;

inline constexpr const char* kInput = "input__0";
inline constexpr const char* kOutput = "output__0";
inline constexpr const char* kShapOutput = "treeshap_output";

// What "output__0" has of a row.
enum class OutputKind {
  kScores,      // what the model predicts: a value for each class
  kClass,       // the number of the class
  kTwoClasses,  // of a model with one probability: that of the other class, and that one
};

class FilModel final : public backend::Model {
 public:
  Status Initialize();

  const Options& options() const { return options_; }
  const Forest& forest() const { return *forest_; }
  OutputKind output_kind() const { return output_kind_; }
  // Values of a row in "output__0".
  size_t output_width() const;
  bool has_shap() const { return config().FindOutput(kShapOutput) != nullptr; }
  size_t shap_width() const { return forest_->trees().classes * (forest_->trees().features + 1); }

 private:
  Result<std::string> FindFile() const;
  Status LoadForest();
  Status CheckNames() const;
  Status CheckTensor(const backend::TensorConfig& tensor) const;
  Status CheckInput() const;
  Status CheckOutput();
  Status CheckShapOutput() const;

  Options options_;
  std::unique_ptr<const Forest> forest_;
  OutputKind output_kind_ = OutputKind::kScores;
};

// The elements of a row, -1 if the configuration leaves them open.
int64_t RowWidth(const backend::ModelConfig& config, const backend::TensorConfig& tensor);

}  // namespace neso::fil
