// The DALI backend: libtriton_dali.so.
//
// The requests of a batch are one run of the pipeline: their samples become one list, of which no two need have the same
// shape.
#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "answer.h"
#include "batch.h"
#include "model.h"
#include "request_rules.h"

namespace neso::dali {

using backend::Execution;
using backend::Instance;
using backend::Request;
using backend::Response;

class DaliInstance final : public Instance<DaliModel> {
 public:
  Status Initialize() {
    if (kind() == TRITONSERVER_INSTANCEGROUPKIND_GPU) gpu_ = device_id();
    inputs_ = std::vector<InputSamples>(model().description().inputs.size());
    return NeedPipeline();
  }

  void Execute(Execution& execution) {
    std::vector<Part> parts;
    for (Request& request : execution.requests()) {
      const Result<size_t> count = CheckRequest(request, model().description());
      if (count) {
        parts.push_back({.request = &request, .first = 0, .count = *count});
      } else {
        request.Fail(count.status());
      }
    }
    execution.ComputeStart();
    if (!model().config().batches()) {
      for (const Part& part : parts) RunUntilConsumed(part);
    } else if (!parts.empty()) {
      RunBatch(parts, execution);
    }
  }

 private:
  // Samples of a request.
  struct Part {
    Request* request = nullptr;
    size_t first = 0;
    size_t count = 0;
  };

  // All in one run. A sample that DALI cannot take fails the run: then each request gets one of its own, so that it fails
  // for nobody else.
  void RunBatch(std::span<const Part> parts, Execution& execution) {
    Status done = Gather(parts);
    if (done.ok()) {
      done = RunOnce(parts, execution);
      if (done.ok()) return;
      pipeline_.reset();  // of no more use; and with it nothing reads the requests' bytes
    }
    if (parts.size() == 1) return parts[0].request->Fail(done);
    for (size_t i = 0; i < parts.size(); ++i) RunBatch(parts.subspan(i, 1), execution);
  }

  // With what was gathered of them. Answers all, or gives the error and answers none.
  Status RunOnce(std::span<const Part> parts, Execution& execution) {
    const size_t total = TotalOf(parts);
    if (const auto limit = static_cast<size_t>(model().config().max_batch_size); total > limit) {
      return Status::Internal("batch size ", total, " for '", name(), "', max allowed is ", limit);
    }
    NESO_RETURN_IF_ERROR(Feed());
    NESO_ASSIGN_OR_RETURN(Outputs outputs, pipeline_->Run());
    execution.ComputeEnd();
    if (const std::string* const left = FirstNotConsumed(outputs)) {
      return BackendError("input '", *left,
                          "' is more than one run takes: set 'max_batch_size: 0' and 'model_transaction_policy { "
                          "decoupled: true }' to get a response for each run");
    }
    NESO_ASSIGN_OR_RETURN(const std::vector<OutputSamples> samples, GetOutputs(outputs, model().config()));
    if (samples[0].count != total) {
      return BackendError("expected as many samples from the pipeline as it got, ", total, ", got ", samples[0].count);
    }
    size_t first = 0;
    for (const Part& part : parts) {
      const Share share{.first = first, .count = part.count};
      const Status sent = Respond(*part.request, samples, share, model().config(), model().options());
      if (!sent.ok()) part.request->Fail(sent);
      first += part.count;
    }
    return {};
  }

  // A request of a model that does not batch: runs, and responses, until its input is used up.
  void RunUntilConsumed(Part part) {
    const auto limit = static_cast<size_t>(model().description().max_batch_size);
    const size_t end = part.count;
    Status failure;
    while (failure.ok() && part.first < end) {
      part.count = std::min(end - part.first, limit);
      failure = RunPiece(part, /*last=*/part.first + part.count == end);
      part.first += part.count;
    }
    if (failure.ok()) return;
    pipeline_.reset();
    if (!part.request->answered()) return part.request->Fail(failure);
    if (Result<Response> response = Response::New(*part.request)) (void)response->SendError(failure);
  }

  // As many samples as the pipeline takes at once, in several runs if they are videos.
  Status RunPiece(const Part& part, bool last) {
    NESO_RETURN_IF_ERROR(Gather({&part, 1}));
    NESO_RETURN_IF_ERROR(Feed());
    for (bool consumed = false; !consumed;) {
      if (part.request->IsCancelled()) return {TRITONSERVER_ERROR_CANCELLED, "the request was cancelled"};
      NESO_ASSIGN_OR_RETURN(Outputs outputs, pipeline_->Run());
      consumed = FirstNotConsumed(outputs) == nullptr;
      const bool final = consumed && last;
      if (!final && !model().config().decoupled) {
        return BackendError(
            "the request is more than one run of the pipeline takes: set 'model_transaction_policy { decoupled: true }' to "
            "get a response for each run");
      }
      NESO_ASSIGN_OR_RETURN(const std::vector<OutputSamples> samples, GetOutputs(outputs, model().config()));
      const Share share{.first = 0, .count = samples[0].count, .final = final};
      NESO_RETURN_IF_ERROR(Respond(*part.request, samples, share, model().config(), model().options()));
    }
    return {};
  }

  Status Gather(std::span<const Part> parts) {
    const std::vector<TensorDescription>& described = model().description().inputs;
    for (size_t i = 0; i < described.size(); ++i) {
      inputs_[i].Clear();
      for (const Part& part : parts) {
        NESO_ASSIGN_OR_RETURN(const backend::Input input, part.request->input(described[i].name.c_str()));
        NESO_RETURN_IF_ERROR(inputs_[i].Add(input, part.first, part.count, model().options().max_image_pixels));
      }
    }
    return {};
  }

  Status Feed() {
    NESO_RETURN_IF_ERROR(NeedPipeline());
    for (size_t i = 0; i < inputs_.size(); ++i) NESO_RETURN_IF_ERROR(pipeline_->Feed(i, inputs_[i].samples()));
    return {};
  }

  Status NeedPipeline() {
    if (pipeline_ != nullptr) return {};
    NESO_ASSIGN_OR_RETURN(pipeline_, model().BuildPipeline(gpu_));
    return {};
  }

  static size_t TotalOf(std::span<const Part> parts) {
    size_t total = 0;
    for (const Part& part : parts) total += part.count;
    return total;
  }

  const std::string* FirstNotConsumed(const Outputs& outputs) const {
    for (const TensorDescription& input : model().description().inputs) {
      if (!outputs.HasConsumed(input.name)) return &input.name;
    }
    return nullptr;
  }

  std::optional<int> gpu_;
  std::unique_ptr<Pipeline> pipeline_;  // null after an error, until it is needed again
  std::vector<InputSamples> inputs_;    // in the pipeline's order; of the present run
};

}  // namespace neso::dali

NESO_BACKEND(neso::dali::DaliModel, neso::dali::DaliInstance)
