// The inputs that tell a model where in a sequence a request stands: the configuration's "control_input".
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "config/model_config.pb.h"
#include "core/request.h"

namespace neso {

// Thread-safe (constant). Outlives the requests that have its inputs.
class SequenceControls {
 public:
  // Precondition: `config` is valid and has sequence_batching.
  explicit SequenceControls(const inference::ModelConfig& config);

  // Error: kInvalidArg, a number where the model takes a text, or the other way round.
  Status CheckCorrelationId(const InferenceRequest& request) const;

  // An id of the kind that the model takes.
  CorrelationId MakeId(uint64_t number) const;

  // `id` in the form the correlation input has; empty when the model has none. Lives as long as the sequence.
  std::vector<std::byte> Encode(const CorrelationId& id) const;

  // Adds the inputs to a request of a sequence whose id is `encoded_id`, which is borrowed until its release.
  void Inject(std::span<const std::byte> encoded_id, InferenceRequest& request) const;
  // Those of a row without a request: nothing starts, nothing ends, nothing is ready, the id is 0 or empty.
  void InjectNotReady(InferenceRequest& request) const;

 private:
  struct Flag {
    inference::ModelSequenceBatching::Control::Kind kind;
    std::string name;
    DataType datatype;
    std::vector<std::byte> no, yes;
  };
  void InjectFlag(const Flag& flag, bool value, InferenceRequest& request) const;

  const Shape shape_;  // of each
  std::vector<Flag> flags_;
  std::string id_name_;  // empty: no such input
  DataType id_datatype_ = DataType::kInvalid;
  std::vector<std::byte> no_id_;
};

}  // namespace neso
