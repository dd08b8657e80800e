// InferMulti() and AsyncInferMulti() in terms of one client's Infer() and AsyncInfer().
#pragma once

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "common.h"

namespace triton {
namespace client {

// The requests of one call: `options` and `outputs` with one element serve all of them.
class MultiRequest {
 public:
  using Inputs = std::vector<InferInput*>;
  using Outputs = std::vector<const InferRequestedOutput*>;

  MultiRequest(const std::vector<InferOptions>& options, const std::vector<Inputs>& inputs,
               const std::vector<Outputs>& outputs)
      : options_(options), inputs_(inputs), outputs_(outputs) {}

  Error Check() const {
    if (options_.size() != 1 && options_.size() != inputs_.size()) {
      return Error("'options' must either contain 1 element or match size of 'inputs'");
    }
    if (outputs_.size() > 1 && outputs_.size() != inputs_.size()) {
      return Error("'outputs' must either contain 0/1 element or match size of 'inputs'");
    }
    return Error::Success;
  }

  size_t size() const { return inputs_.size(); }
  const InferOptions& options(size_t i) const { return options_[options_.size() == 1 ? 0 : i]; }
  const Inputs& inputs(size_t i) const { return inputs_[i]; }
  const Outputs& outputs(size_t i) const {
    static const Outputs none;
    return outputs_.empty() ? none : outputs_[outputs_.size() == 1 ? 0 : i];
  }

 private:
  const std::vector<InferOptions>& options_;
  const std::vector<Inputs>& inputs_;
  const std::vector<Outputs>& outputs_;
};

// `infer(result, i)`: request i. Stops at the first error, whose result, if there is one, is the last.
template <typename Infer>
Error InferOneByOne(std::vector<InferResult*>* results, const MultiRequest& requests, Infer infer) {
  if (Error error = requests.Check(); !error.IsOk()) return error;
  for (size_t i = 0; i < requests.size(); ++i) {
    InferResult* result;
    const Error error = infer(&result, i);
    if (result != nullptr) results->push_back(result);
    if (!error.IsOk()) return error;
  }
  return Error::Success;
}

// `submit(callback, i)`: request i; `failed(error)`: a result for one that could not be submitted.
template <typename Submit, typename Failed>
Error InferAllAtOnce(InferenceServerClient::OnMultiCompleteFn callback, const MultiRequest& requests, Submit submit,
                     Failed failed) {
  if (Error error = requests.Check(); !error.IsOk()) return error;
  if (requests.size() == 0) {
    callback({});
    return Error::Success;
  }
  struct Gathered {
    std::vector<std::unique_ptr<InferResult>> results;  // freed here if the client goes before all have come
    std::atomic<size_t> missing;
    InferenceServerClient::OnMultiCompleteFn callback;
  };
  auto gathered = std::make_shared<Gathered>();
  gathered->results.resize(requests.size());
  gathered->missing = requests.size();
  gathered->callback = std::move(callback);
  for (size_t i = 0; i < requests.size(); ++i) {
    const auto arrived = [gathered, i](InferResult* result) {
      gathered->results[i].reset(result);
      if (--gathered->missing > 0) return;
      std::vector<InferResult*> results;
      for (auto& each : gathered->results) results.push_back(each.release());
      gathered->callback(std::move(results));
    };
    if (Error error = submit(arrived, i); !error.IsOk()) arrived(failed(error));
  }
  return Error::Success;
}

}  // namespace client
}  // namespace triton
