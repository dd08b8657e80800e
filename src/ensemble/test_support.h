// Models that an ensemble under test calls: each answers "name(its inputs)", so that a result tells how it came about.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "core/model.h"
#include "core/model_finder.h"
#include "core/test_support.h"
#include "ensemble/ensemble_model.h"

namespace neso::test {

// Gives requests to a function as they come, inside Enqueue.
class FunctionScheduler final : public Scheduler {
 public:
  using Function = std::function<void(std::unique_ptr<InferenceRequest>)>;
  explicit FunctionScheduler(Function function) : function_(std::move(function)) {}
  Status Enqueue(std::unique_ptr<InferenceRequest>& request) override {
    function_(std::move(request));
    return {};
  }
  void Stop() override {}

 private:
  const Function function_;
};

inline std::string TextOf(const InferenceRequest& request, const std::string& input) {
  const Input* const found = request.FindInput(input);
  if (found == nullptr) return "-";
  std::string text;
  for (const InputBuffer& buffer : found->buffers()) {
    text.append(static_cast<const char*>(buffer.base), buffer.attributes.byte_size);
  }
  return text;
}

// "name(i0,i1)"
inline std::string Called(const InferenceRequest& request) {
  std::string text = request.model()->name() + "(";
  for (const TensorSpec& input : request.model()->inputs()) {
    if (text.back() != '(') text += ",";
    text += TextOf(request, input.name);
  }
  return text + ")";
}

// One response with `text` in every output.
inline std::unique_ptr<InferenceResponse> MakeResponse(const std::shared_ptr<ResponseFactory>& factory,
                                                       const std::vector<std::string>& outputs,
                                                       const std::string& text) {
  std::unique_ptr<InferenceResponse> response = factory->CreateResponse(factory);
  for (const std::string& name : outputs) {
    const std::vector<int64_t> shape = {static_cast<int64_t>(text.size())};
    Expected<Output*> output = response->AddOutput(name, DataType::kUint8, shape);
    CHECK(output.ok(), "the test's model has the output");
    void* buffer = nullptr;
    MemoryType type = MemoryType::kCpu;
    int64_t id = 0;
    CHECK((*output)->AllocateBuffer(&buffer, text.size(), type, id, &type, &id).ok(), "there is memory");
    text.copy(static_cast<char*>(buffer), text.size());
  }
  return response;
}

inline std::vector<std::string> OutputsOf(const InferenceRequest& request) {
  return {request.outputs().begin(), request.outputs().end()};
}

inline void AnswerAndRelease(std::unique_ptr<InferenceRequest> request, const Status& error = {}) {
  const std::shared_ptr<ResponseFactory> factory = request->shared_response_factory();
  std::unique_ptr<InferenceResponse> response =
      error.ok() ? MakeResponse(factory, OutputsOf(*request), Called(*request)) : factory->CreateResponse(factory);
  InferenceResponse::Send(std::move(response), TRITONSERVER_RESPONSE_COMPLETE_FINAL, error);
  InferenceRequest::Release(std::move(request), TRITONSERVER_REQUEST_RELEASE_ALL);
}

// "name: 'm' input ... output ..." with TYPE_UINT8 tensors of any size.
inline std::string Config(const std::string& name, const std::vector<std::string>& inputs,
                          const std::vector<std::string>& outputs, const std::string& more = "") {
  std::string text = "name: '" + name + "' ";
  for (const std::string& input : inputs) text += "input { name: '" + input + "' data_type: TYPE_UINT8 dims: -1 } ";
  for (const std::string& output : outputs) text += "output { name: '" + output + "' data_type: TYPE_UINT8 dims: -1 } ";
  return text + more;
}

// "model: input=tensor,input=tensor -> output=tensor"
struct Step {
  std::string model;
  std::map<std::string, std::string> inputs;
  std::map<std::string, std::string> outputs;
};

inline inference::ModelConfig EnsembleConfig(const std::string& name, const std::vector<std::string>& inputs,
                                             const std::vector<std::string>& outputs, const std::vector<Step>& steps,
                                             const std::string& more = "") {
  inference::ModelConfig config = ParseConfig(Config(name, inputs, outputs, "platform: 'ensemble' " + more));
  for (const Step& step : steps) {
    auto* added = config.mutable_ensemble_scheduling()->add_step();
    added->set_model_name(step.model);
    added->set_model_version(-1);
    added->mutable_input_map()->insert(step.inputs.begin(), step.inputs.end());
    added->mutable_output_map()->insert(step.outputs.begin(), step.outputs.end());
  }
  return config;
}

// The models of a test.
class FakeFinder final : public ModelFinder {
 public:
  void Add(const ModelHandle& model) { models_[model->name()] = model; }
  // What is asked for while it is missing waits until Deliver.
  void DeliverLater() { delivers_later_ = true; }
  size_t waiting() const { return waiting_.size(); }
  void Deliver() {
    delivers_later_ = false;
    for (auto& [name, found] : std::exchange(waiting_, {})) found(Find(name, -1));
  }

 private:
  ModelHandle Serving(std::string_view name, int64_t) const override {
    const auto it = models_.find(name);
    return it == models_.end() || delivers_later_ ? nullptr : it->second;
  }
  Status WhyNotServing(std::string_view name, int64_t) const override {
    return NotFound("Request for unknown model: '{}' is not found", name);
  }
  void Bring(std::string_view name, int64_t version, Found found) const override {
    if (!delivers_later_) return found(WhyNotServing(name, version));
    waiting_.emplace_back(name, std::move(found));
  }

  std::map<std::string, ModelHandle, std::less<>> models_;
  bool delivers_later_ = false;
  mutable std::vector<std::pair<std::string, Found>> waiting_;
};

}  // namespace neso::test
