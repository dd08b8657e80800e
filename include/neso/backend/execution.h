// One execution of an instance: the requests that the server batched, their times, and their end.
//
//   void Execute(Execution& execution) {
//     execution.ComputeStart();
//     for (Request& request : execution.requests()) ...
//     execution.ComputeEnd();
//     ...respond...
//   }  // requests without an answer get an error, statistics are reported, requests are released
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "neso/backend/config.h"
#include "neso/backend/request.h"
#include "neso/backend/statistics.h"
#include "triton/core/tritonbackend.h"

namespace neso::backend {

// Room for the requests of a batch, kept by the instance from one execution to the next.
class RequestPool {
 public:
  std::span<Request> Attach(TRITONBACKEND_Request** handles, uint32_t count) {
    if (count > capacity_) {
      requests_ = std::make_unique<Request[]>(count);
      capacity_ = count;
    }
    for (uint32_t i = 0; i < count; ++i) requests_[i].Attach(handles[i]);
    return {requests_.get(), count};
  }

 private:
  std::unique_ptr<Request[]> requests_;
  uint32_t capacity_ = 0;
};

class Execution {
 public:
  Execution(TRITONBACKEND_ModelInstance* instance, const ModelConfig& config, std::span<Request> requests)
      : instance_(instance), config_(config), requests_(requests) {
    times_.exec_start_ns = NowNs();
    if (!config.batches() || !config.has_shape_tensors()) return;
    for (Request& request : requests) request.set_batch_size(ItemsBesideShapeTensors(request));
  }
  ~Execution() { Finish(); }
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  std::span<Request> requests() const { return requests_; }
  const ModelConfig& config() const { return config_; }
  TRITONBACKEND_ModelInstance* instance() const { return instance_; }

  // The items of all requests; the number of requests if the model does not batch.
  int64_t batch_size() const {
    if (!config_.batches()) return static_cast<int64_t>(requests_.size());
    int64_t size = 0;
    for (const Request& request : requests_) size += request.batch_size();
    return size;
  }

  // INTERNAL if the requests have more items than the model takes at once. `instance`: its name.
  Status CheckBatchSize(const std::string& instance) const {
    const int64_t size = batch_size();
    if (!config_.batches() || size <= config_.max_batch_size) return {};
    return Status::Internal("batch size ", size, " for '", instance, "', max allowed is ", config_.max_batch_size);
  }

  // Inputs are gathered, the model begins; the model is done, outputs are sent.
  void ComputeStart() { times_.compute_start_ns = NowNs(); }
  void ComputeEnd() { times_.compute_end_ns = NowNs(); }

  // Answers every request that has no answer yet with `error`.
  void Fail(const Status& error) {
    for (Request& request : requests_) request.Fail(error);
  }

 private:
  // A client gives the inputs in any order.
  int64_t ItemsBesideShapeTensors(const Request& request) const {
    for (uint32_t i = 0, count = request.input_count(); i < count; ++i) {
      const Result<Input> input = request.input(i);
      const TensorConfig* const config = input ? config_.FindInput(input->name) : nullptr;
      if (config != nullptr && !config->is_shape_tensor && !input->shape.empty()) return input->shape[0];
    }
    return 1;
  }

  void Finish() {
    times_.exec_end_ns = NowNs();
    if (times_.compute_start_ns == 0) times_.compute_start_ns = times_.exec_start_ns;
    if (times_.compute_end_ns == 0) times_.compute_end_ns = times_.exec_end_ns;
    times_.ReportBatch(instance_, static_cast<uint64_t>(batch_size()));
    for (Request& request : requests_) {
      if (request.handle() == nullptr) continue;  // released or taken by the backend, which reports it itself
      const bool success = request.answered() && !request.failed();
      times_.ReportRequest(instance_, request.handle(), success);
      request.Finish();
    }
  }

  TRITONBACKEND_ModelInstance* const instance_;
  const ModelConfig& config_;
  const std::span<Request> requests_;
  ExecutionTimes times_;
};

}  // namespace neso::backend
