// The OpenVINO backend: libtriton_openvino.so.
//
// An instance is one request of OpenVINO's on the compiled network that all instances of a model share. It waits for its
// answer on the thread that executes it, which OpenVINO then computes on, too.
#include <algorithm>
#include <cstring>
#include <openvino/runtime/infer_request.hpp>
#include <string>
#include <vector>

#include "element_types.h"
#include "model.h"
#include "openvino_call.h"

namespace neso::openvino {

using backend::BatchTensor;
using backend::Execution;
using backend::Instance;
using backend::OutputResponder;

class OpenVinoInstance final : public Instance<OpenVinoModel> {
 public:
  // As wide as the vectors that kernels load.
  static constexpr size_t CollectorAlignment() { return 64; }

  Status Initialize() {
    if (kind() != TRITONSERVER_INSTANCEGROUPKIND_CPU && kind() != TRITONSERVER_INSTANCEGROUPKIND_AUTO) {
      return Status::InvalidArg("unable to load model '", model().name(),
                                "', Triton OpenVINO backend supports only Kind CPU and AUTO");
    }
    failure_ = "OpenVINO failure in '" + name() + "': ";
    NESO_RETURN_IF_ERROR(TryOpenVino(failure_, [&] {
      request_ = model().compiled().create_infer_request();
      keeps_state_ = !request_.query_state().empty();
      for (const BoundTensor& input : model().binding().inputs) {
        const ov::PartialShape& shape = model().compiled().input(input.port).get_partial_shape();
        inputs_.push_back({.is_scalar = shape == ov::PartialShape{}});
      }
    }));
    if (keeps_state_ && model().has_sequences() && model().config().max_batch_size > 1) {
      return Status::Unsupported("model '", model().name(),
                                 "' keeps the state of one sequence inside: expected max_batch_size 0 or 1 with "
                                 "sequence_batching, got ",
                                 model().config().max_batch_size);
    }
    return {};
  }

  Status Execute(Execution& execution) {
    NESO_RETURN_IF_ERROR(CheckBatch(execution));
    for (size_t i = 0; i < inputs_.size(); ++i) NESO_RETURN_IF_ERROR(SetInput(i, execution));
    execution.ComputeStart();
    NESO_RETURN_IF_ERROR(TryOpenVino(failure_, [&] {
      if (keeps_state_ && BeginsAnew(execution)) request_.reset_state();
      request_.infer();
    }));
    execution.ComputeEnd();
    OutputResponder responder(execution);
    for (const BoundTensor& output : model().binding().outputs) {
      NESO_RETURN_IF_ERROR(AddOutput(output, execution.batch_size(), responder));
    }
    responder.Send();
    return {};
  }

 private:
  struct Input {
    ov::Tensor padded{};
    bool is_scalar = false;  // for the network, not for requests
  };

  Status CheckBatch(const Execution& execution) const {
    NESO_RETURN_IF_ERROR(execution.CheckBatchSize(name()));
    const int64_t max = model().config().max_batch_size;
    const int64_t size = execution.batch_size();
    if (size == max || max == 0 || model().fixed_batch() == 0 || model().options().pad_batches) return {};
    return Status::Internal("expected requests with batch size '", max, "', got '", size,
                            "'... this error can be avoided by setting 'ENABLE_BATCH_PADDING' parameter in model "
                            "configuration to 'YES' at a performance cost.");
  }

  // What a network keeps from one call to the next belongs to a sequence, or else to a single request.
  bool BeginsAnew(const Execution& execution) const {
    return !model().has_sequences() || execution.requests().front().sequence_start();
  }

  Status SetInput(size_t index, Execution& execution) {
    const BoundTensor& input = model().binding().inputs[index];
    NESO_ASSIGN_OR_RETURN(const BatchTensor* const tensor,
                          collector().Collect(input.tensor.name, execution.requests()));
    if (tensor == nullptr) return Status::InvalidArg("input '", input.tensor.name, "' is needed by the model");
    return TryOpenVino(failure_, [&] {
      Input& state = inputs_[index];
      const ov::Shape shape = state.is_scalar ? ov::Shape{} : ov::Shape(tensor->shape.begin(), tensor->shape.end());
      request_.set_input_tensor(input.port, TensorOf(*tensor, shape, state.padded));
    });
  }

  // Over the memory of the requests; in `padded`, with zeros behind them, if they are less than a batch has to be.
  ov::Tensor TensorOf(const BatchTensor& tensor, ov::Shape shape, ov::Tensor& padded) const {
    static constexpr std::byte kNothing[1] = {};
    const ov::element::Type type = ElementTypeOf(tensor.datatype);
    const auto rows = static_cast<size_t>(model().fixed_batch());
    if (rows == 0 || shape.empty() || shape[0] >= rows) {
      const void* const data = tensor.data == nullptr ? kNothing : tensor.data;
      return {type, shape, data};
    }
    shape[0] = rows;
    if (!padded || padded.get_shape() != shape) padded = ov::Tensor(type, shape);
    auto* const to = static_cast<std::byte*>(padded.data());
    std::memcpy(to, tensor.data, tensor.byte_size);
    std::memset(to + tensor.byte_size, 0, padded.get_byte_size() - tensor.byte_size);
    return padded;
  }

  // Of a batch that was filled up, only the rows that are the requests'.
  Status AddOutput(const BoundTensor& output, int64_t batch_size, OutputResponder& responder) {
    return TryOpenVino(failure_, [&] {
      const ov::Tensor tensor = request_.get_output_tensor(output.port);
      const ov::Shape& dims = tensor.get_shape();  // asking again would make a new one
      std::vector<int64_t> shape(dims.begin(), dims.end());
      if (shape.empty()) shape.assign(output.tensor.backend_dims().size(), 1);  // a scalar
      size_t byte_size = tensor.get_byte_size();
      if (!shape.empty() && shape[0] == model().fixed_batch() && shape[0] > batch_size) {
        byte_size = byte_size / static_cast<size_t>(shape[0]) * static_cast<size_t>(batch_size);
        shape[0] = batch_size;
      }
      const void* const data = byte_size == 0 ? nullptr : tensor.data();
      responder.Add(output.tensor.name, output.tensor.datatype, shape, data, byte_size);
    });
  }

  ov::InferRequest request_;
  std::string failure_;
  bool keeps_state_ = false;
  std::vector<Input> inputs_;
};

}  // namespace neso::openvino

NESO_BACKEND(neso::openvino::OpenVinoModel, neso::openvino::OpenVinoInstance)
