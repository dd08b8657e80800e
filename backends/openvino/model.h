// A model of the OpenVINO backend: compiled once, for all of its instances.
#pragma once

#include <openvino/runtime/compiled_model.hpp>

#include <string>

#include "neso/backend/backend.h"
#include "options.h"
#include "ports.h"

namespace neso::openvino {

class OpenVinoModel final : public backend::Model {
 public:
  static Status InitializeBackend(const backend::Backend& backend);
  static Status DescribeBackend(const backend::Backend&, TRITONBACKEND_BackendAttribute* attributes);

  Status Initialize();

  const Options& options() const { return options_; }
  const Binding& binding() const { return binding_; }
  // Thread-safe; each instance makes a request of it.
  ov::CompiledModel& compiled() { return compiled_; }
  bool has_sequences() const { return has_sequences_; }
  // What every batch has to be, or is filled up to; 0: anything.
  int64_t fixed_batch() const { return options_.open_batches ? 0 : config().max_batch_size; }

 private:
  Status Complete(const Ports& ports);

  Options options_;
  Binding binding_;
  bool has_sequences_ = false;
  ov::CompiledModel compiled_;
};

}  // namespace neso::openvino
