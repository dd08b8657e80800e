// The TensorFlow backend: libtriton_tensorflow.so.
//
// Instances, signatures and models that run the same files share one session: the weights are in memory once, and concurrent
// runs are what sessions are made for.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model.h"
#include "tensors.h"

namespace neso::tensorflow {

using backend::BatchTensor;
using backend::Execution;
using backend::Instance;
using backend::OutputResponder;
using backend::Request;

class TensorFlowInstance final : public Instance<TensorFlowModel> {
 public:
  Status Initialize() {
    NESO_ASSIGN_OR_RETURN(served_, model().Serve(*this));
    return {};
  }

  Status Execute(Execution& execution) {
    NESO_RETURN_IF_ERROR(execution.CheckBatchSize(name()));
    Feeds feeds;
    for (const Binding& input : served_.inputs) NESO_RETURN_IF_ERROR(Collect(input, execution.requests(), feeds));
    const std::vector<const Binding*> outputs = ChooseOutputs(execution.requests());
    execution.ComputeStart();
    NESO_ASSIGN_OR_RETURN(const std::vector<TensorPtr> results, Run(feeds, outputs));
    execution.ComputeEnd();
    OutputResponder responder(execution);
    for (size_t i = 0; i < outputs.size(); ++i) Add(*outputs[i], results[i], responder);
    responder.Send();
    return {};
  }

 private:
  // What the graph is run with.
  struct Feeds {
    std::vector<TF_Output> places;
    std::vector<TensorPtr> tensors;

    void Add(const Binding& input, TensorPtr tensor) {
      places.push_back(input.tensor);
      tensors.push_back(std::move(tensor));
    }
  };

  Status Collect(const Binding& input, std::span<Request> requests, Feeds& feeds) {
    if (input.batch_input != nullptr) return CollectBatchInput(input, requests, feeds);
    if (input.datatype == TRITONSERVER_TYPE_BYTES) return CollectStrings(input, requests, feeds);
    TensorPtr tensor;
    NESO_ASSIGN_OR_RETURN(const BatchTensor* const collected,
                          collector().CollectInto(input.name, requests, [&](const BatchTensor& wanted) {
                            tensor = NewTensor(wanted.datatype, ShapeFor(input, wanted.shape), wanted.byte_size);
                            return tensor == nullptr ? nullptr : DataOf(tensor);
                          }));
    return Feed(input, collected == nullptr, std::move(tensor), feeds);
  }

  Status CollectBatchInput(const Binding& input, std::span<Request> requests, Feeds& feeds) {
    NESO_ASSIGN_OR_RETURN(const BatchTensor* const values, collector().CollectBatchInput(*input.batch_input, requests));
    TensorPtr tensor = NewTensor(values->datatype, values->shape, values->byte_size);
    if (tensor != nullptr) std::copy_n(values->data, values->byte_size, DataOf(tensor));
    return Feed(input, false, std::move(tensor), feeds);
  }

  Status CollectStrings(const Binding& input, std::span<Request> requests, Feeds& feeds) {
    NESO_ASSIGN_OR_RETURN(const backend::BatchStrings strings,
                          backend::CollectStrings(collector(), input.name, requests));
    if (strings.tensor == nullptr) return Feed(input, true, nullptr, feeds);
    return Feed(input, false, NewStringTensor(ShapeFor(input, strings.tensor->shape), strings.elements), feeds);
  }

  static Status Feed(const Binding& input, bool is_absent, TensorPtr tensor, Feeds& feeds) {
    if (is_absent && input.has_default) return {};
    if (is_absent) return Status::InvalidArg("input '", input.name, "' is needed by the model");
    if (tensor == nullptr) return Status::Unavailable("input '", input.name, "': no memory for the batch");
    feeds.Add(input, std::move(tensor));
    return {};
  }

  // A scalar has no dimension in the model, and one or more of one element in the configuration.
  std::span<const int64_t> ShapeFor(const Binding& input, std::span<const int64_t> shape) const {
    const bool is_one = std::ranges::all_of(shape, [](int64_t size) { return size == 1; });
    return input.is_scalar && is_one ? std::span<const int64_t>() : shape;
  }

  // What some request wants. TensorFlow prepares and keeps a plan for each choice that it sees, so that clients may not make as
  // many as they like.
  std::vector<const Binding*> ChooseOutputs(std::span<Request> requests) {
    std::vector<bool> choice;
    for (const Binding& output : served_.outputs) {
      choice.push_back(std::ranges::any_of(requests, [&](const Request& request) {
        return request.requested_output_count() >= served_.outputs.size() || request.Wants(output.name);
      }));
    }
    // None: a warm-up, for which the model has to run all the same.
    if (std::ranges::find(choice, true) == choice.end()) choice.assign(choice.size(), true);
    if (std::ranges::find(choices_, choice) == choices_.end()) {
      if (choices_.size() < kMaxChoices) {
        choices_.push_back(choice);
      } else {
        choice.assign(choice.size(), true);
      }
    }
    std::vector<const Binding*> outputs;
    for (size_t i = 0; i < choice.size(); ++i) {
      if (choice[i]) outputs.push_back(&served_.outputs[i]);
    }
    return outputs;
  }

  Result<std::vector<TensorPtr>> Run(const Feeds& feeds, const std::vector<const Binding*>& outputs) const {
    std::vector<TF_Tensor*> values;
    for (const TensorPtr& tensor : feeds.tensors) values.push_back(tensor.get());
    std::vector<TF_Output> wanted;
    for (const Binding* output : outputs) wanted.push_back(output->tensor);
    return served_.session->Run(feeds.places, values, wanted);
  }

  static void Add(const Binding& output, const TensorPtr& tensor, OutputResponder& responder) {
    std::vector<int64_t> shape = ShapeOf(tensor);
    if (shape.empty()) shape = output.config->backend_dims();
    if (output.datatype == TRITONSERVER_TYPE_BYTES) {
      responder.AddStrings(output.name, shape, TextsOf(tensor));
    } else {
      responder.Add(output.name, output.datatype, shape, Tf().TensorData(tensor.get()),
                    Tf().TensorByteSize(tensor.get()));
    }
  }

  static constexpr size_t kMaxChoices = 8;

  Served served_;
  std::vector<std::vector<bool>> choices_;  // of outputs, so far
};

}  // namespace neso::tensorflow

NESO_BACKEND(neso::tensorflow::TensorFlowModel, neso::tensorflow::TensorFlowInstance)
