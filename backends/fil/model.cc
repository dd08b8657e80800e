#include "model.h"

#include <algorithm>
#include <filesystem>

#include "checkpoint.h"
#include "neso/backend/log.h"
#include "reader_process.h"
#include "shap.h"

namespace neso::fil {

using backend::TensorConfig;

Status FilModel::Initialize() {
  if (auto_complete()) {
    NESO_LOG_VERBOSE("skipping model configuration auto-complete for '", name(), "': not supported for fil backend");
  }
  NESO_ASSIGN_OR_RETURN(options_, ReadOptions(config().parameters));
  NESO_RETURN_IF_ERROR(CheckNames());
  NESO_RETURN_IF_ERROR(LoadForest());
  NESO_RETURN_IF_ERROR(CheckInput());
  NESO_RETURN_IF_ERROR(CheckOutput());
  return CheckShapOutput();
}

Result<std::string> FilModel::FindFile() const {
  const std::string& file = config().default_model_filename;
  std::string path = version_path() + "/" + (file.empty() ? options_.usual_file_name : file);
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) path += "/" + options_.usual_file_name;
  // What is a FIFO or a device must not be opened.
  if (!std::filesystem::is_regular_file(path, error)) {
    return Status::Unavailable("Could not open model file \"", path, "\"");
  }
  return path;
}

Status FilModel::LoadForest() {
  NESO_ASSIGN_OR_RETURN(const std::string path, FindFile());
  NESO_ASSIGN_OR_RETURN(const std::string folder, backend().Directory());
  const auto failed = [&](const Status& why) {
    return Status(why.code(), backend::Concat("failed to load model '", name(), "': '", path, "': ", why.message()));
  };
  std::string warnings;
  const Result<std::unique_ptr<MappedBytes>> bytes = ReadModelFile(
      folder + "/neso_tree_reader",
      {.format = options_.format, .path = path, .allow_unknown_fields = options_.allow_unknown_fields}, warnings);
  if (!bytes) return failed(bytes.status());
  if (!warnings.empty()) NESO_LOG_WARNING("model '", name(), "': ", warnings);
  const Result<Checkpoint> checkpoint = ParseCheckpoint((*bytes)->bytes());
  if (!checkpoint) return failed(checkpoint.status());
  Result<std::unique_ptr<const Forest>> forest = MakeForest(*checkpoint);
  if (!forest) return failed(forest.status());
  forest_ = std::move(*forest);
  return {};
}

Status FilModel::CheckNames() const {
  for (const TensorConfig& input : config().inputs) {
    if (input.name != kInput) {
      return Status::InvalidArg("unexpected inference input '", input.name, "', allowed inputs are: ", kInput);
    }
    NESO_RETURN_IF_ERROR(CheckTensor(input));
  }
  for (const TensorConfig& output : config().outputs) {
    if (output.name != kOutput && output.name != kShapOutput) {
      return Status::InvalidArg("unexpected inference output '", output.name, "', allowed outputs are: ", kOutput, ", ",
                                kShapOutput);
    }
    NESO_RETURN_IF_ERROR(CheckTensor(output));
  }
  if (config().FindInput(kInput) == nullptr || config().FindOutput(kOutput) == nullptr) {
    return Status::InvalidArg("model '", name(), "': expected an input '", kInput, "' and an output '", kOutput,
                              "' in the configuration; the backend does not complete it");
  }
  return {};
}

Status FilModel::CheckTensor(const TensorConfig& tensor) const {
  if (tensor.datatype != TRITONSERVER_TYPE_FP32) {
    return Status::InvalidArg("unsupported datatype ", backend::ConfigName(tensor.datatype), " for '", tensor.name,
                              "' of model '", name(), "': expected TYPE_FP32");
  }
  if (!config().batches() && tensor.backend_dims().size() < 2) {
    return Status::InvalidArg("model '", name(), "', tensor '", tensor.name,
                              "': expected a max_batch_size, or dims of which the first is the number of rows, got ",
                              backend::ShapeText(tensor.dims));
  }
  return {};
}

int64_t RowWidth(const backend::ModelConfig& config, const TensorConfig& tensor) {
  const std::vector<int64_t>& dims = tensor.backend_dims();
  int64_t width = 1;
  for (size_t i = config.batches() ? 0 : 1; i < dims.size(); ++i) {
    if (dims[i] < 0) return -1;
    width *= dims[i];
  }
  return width;
}

Status FilModel::CheckInput() const {
  const TensorConfig& input = *config().FindInput(kInput);
  const int64_t width = RowWidth(config(), input);
  if (width < 0 || static_cast<size_t>(width) == forest_->trees().features) return {};
  return Status::InvalidArg("model '", name(), "', tensor '", kInput, "': the model has ", forest_->trees().features,
                            " features, the model configuration specifies ", backend::ShapeText(input.dims));
}

size_t FilModel::output_width() const {
  switch (output_kind_) {
    case OutputKind::kClass: return 1;
    case OutputKind::kTwoClasses: return 2;
    case OutputKind::kScores: break;
  }
  return forest_->trees().classes;
}

Status FilModel::CheckOutput() {
  const TensorConfig& output = *config().FindOutput(kOutput);
  const int64_t width = RowWidth(config(), output);
  if (options_.is_classifier && !options_.predict_proba) {
    output_kind_ = OutputKind::kClass;
  } else if (options_.is_classifier && forest_->trees().classes == 1 && width == 2) {
    output_kind_ = OutputKind::kTwoClasses;
  }
  if (width < 0 || static_cast<size_t>(width) == output_width()) return {};
  return Status::InvalidArg("model '", name(), "', tensor '", kOutput, "': the model gives ", output_width(),
                            " values a row with is_classifier ", options_.is_classifier, " and predict_proba ",
                            options_.predict_proba, ", the model configuration specifies ",
                            backend::ShapeText(output.dims));
}

Status FilModel::CheckShapOutput() const {
  if (!has_shap()) return {};
  const TensorConfig& output = *config().FindOutput(kShapOutput);
  const int64_t width = RowWidth(config(), output);
  if (width >= 0 && static_cast<size_t>(width) != shap_width()) {
    return Status::InvalidArg(
        "model '", name(), "', tensor '", kShapOutput, "': the model gives ", shap_width(),
        " values a row, one for each class and each feature and one more, the model configuration ", "specifies ",
        backend::ShapeText(output.dims));
  }
  const Status possible = CheckShap(*forest_);
  if (possible.ok()) return {};
  return {possible.code(), backend::Concat("model '", name(), "': ", possible.message())};
}

}  // namespace neso::fil
