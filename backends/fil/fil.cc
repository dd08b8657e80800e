// The backend of tree models: libtriton_fil.so.
//
// Instances of a model share its trees, which are constant, and have room for the predictions of a batch.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "classes.h"
#include "model.h"
#include "shap.h"
#include "work_pool.h"

namespace neso::fil {

using backend::BatchTensor;
using backend::Execution;
using backend::Instance;
using backend::OutputResponder;
using backend::Request;

// Rows that one thread takes at a time, and the visits of nodes that are worth waking another one for: half a millisecond.
constexpr size_t kRowsOfPart = 64;
constexpr size_t kStepsWorthSharing = 200'000;
constexpr size_t kStepsOfShap = 200;  // what a visit costs there, in those

class FilInstance final : public Instance<FilModel> {
 public:
  Status Initialize() {
    if (kind() == TRITONSERVER_INSTANCEGROUPKIND_GPU) {
      NESO_LOG_WARNING("model instance '", name(), "': tree models run on the CPU here, also those of KIND_GPU");
    }
    steps_ = model().forest().steps();
    return {};
  }

  Status Execute(Execution& execution) {
    NESO_RETURN_IF_ERROR(execution.CheckBatchSize(name()));
    NESO_ASSIGN_OR_RETURN(const BatchTensor* const input, collector().Collect(kInput, execution.requests()));
    if (input == nullptr) return Status::InvalidArg("input '", kInput, "' is needed by the model");
    NESO_ASSIGN_OR_RETURN(const size_t rows, CountRows(*input));
    const auto* const values = reinterpret_cast<const float*>(input->data);
    execution.ComputeStart();
    Predict(values, rows);
    const bool explain = model().has_shap() && AnyWantsShap(execution.requests());
    if (explain) Explain(values, rows);
    execution.ComputeEnd();
    OutputResponder responder(execution);
    Add(responder, kOutput, rows, model().output_width(), scores_);
    if (explain) Add(responder, kShapOutput, rows, model().shap_width(), shap_);
    responder.Send();
    return {};
  }

 private:
  // Requests whose rows are of another width than the model's do not come where the configuration says which it is.
  Result<size_t> CountRows(const BatchTensor& input) const {
    const size_t features = model().forest().trees().features;
    const size_t values = input.byte_size / sizeof(float);
    const auto rows = static_cast<size_t>(input.shape.empty() ? 0 : input.shape[0]);
    if (rows * features == values) return rows;
    return Status::InvalidArg("input '", kInput, "': expected ", features, " features a row, got shape ",
                              backend::ShapeText(input.shape));
  }

  // Calls `work(first, count)` for all rows; shares them with other threads if `steps` of a row make it worth it.
  template <typename Work>
  void ForEachPart(size_t rows, size_t steps, const Work& work) const {
    const size_t parts = (rows + kRowsOfPart - 1) / kRowsOfPart;
    if (parts < 2 || rows * steps < kStepsWorthSharing) return work(0, rows);
    WorkPool::Instance().Run(parts, model().options().threads, [&](size_t part) {
      const size_t first = part * kRowsOfPart;
      work(first, std::min(kRowsOfPart, rows - first));
    });
  }

  void Predict(const float* values, size_t rows) {
    const Forest& forest = model().forest();
    const size_t classes = forest.trees().classes;
    scores_.resize(rows * std::max(classes, model().output_width()));
    ForEachPart(rows, steps_, [&](size_t first, size_t count) {
      forest.Predict(values + (first * forest.trees().features), count, scores_.data() + (first * classes));
    });
    switch (model().output_kind()) {
      case OutputKind::kScores: break;
      case OutputKind::kClass: WriteClasses(scores_.data(), rows, classes, model().options().threshold); break;
      case OutputKind::kTwoClasses: WriteBothClasses(scores_.data(), rows); break;
    }
  }

  void Explain(const float* values, size_t rows) {
    const Forest& forest = model().forest();
    shap_.resize(rows * model().shap_width());
    ForEachPart(rows, steps_ * kStepsOfShap, [&](size_t first, size_t count) {
      for (size_t row = first; row < first + count; ++row) {
        WriteShap(forest, values + (row * forest.trees().features), shap_.data() + (row * model().shap_width()));
      }
    });
  }

  static bool AnyWantsShap(std::span<Request> requests) {
    return std::ranges::any_of(requests, [](const Request& request) { return request.Wants(kShapOutput); });
  }

  // As Triton's FIL backend does, dimensions of 1 are left out: a class of each row is [rows].
  void Add(OutputResponder& responder, const char* name, size_t rows, size_t width,
           const std::vector<float>& values) const {
    const std::vector<int64_t>& dims = model().config().FindOutput(name)->backend_dims();
    std::vector<int64_t> shape = {static_cast<int64_t>(rows)};
    const bool is_open = RowWidth(model().config(), *model().config().FindOutput(name)) < 0;
    if (is_open && width != 1) shape.push_back(static_cast<int64_t>(width));
    for (size_t i = model().config().batches() ? 0 : 1; !is_open && i < dims.size(); ++i) {
      if (dims[i] != 1) shape.push_back(dims[i]);
    }
    responder.Add(name, TRITONSERVER_TYPE_FP32, shape, values.data(), rows * width * sizeof(float));
  }

  size_t steps_ = 0;
  std::vector<float> scores_;
  std::vector<float> shap_;
};

}  // namespace neso::fil

NESO_BACKEND(neso::fil::FilModel, neso::fil::FilInstance)
