#include <array>
#include <charconv>
#include <set>

#include "config/model_parameter.h"
#include "config/validate.h"

namespace neso {
namespace {

using inference::ModelSequenceBatching;
using Control = ModelSequenceBatching::Control;

Status ValidatePreferredSizes(std::string_view stem, const google::protobuf::RepeatedField<int32_t>& sizes,
                              const inference::ModelConfig& config) {
  for (const int32_t size : sizes) {
    if (size <= 0) return InvalidArg("{} must be positive for {}", stem, config.name());
    if (size > config.max_batch_size()) return InvalidArg("{} must be <= max batch size for {}", stem, config.name());
  }
  return {};
}

Status ValidatePriorities(const inference::ModelDynamicBatching& batching, const std::string& model) {
  const uint64_t levels = batching.priority_levels();
  if (levels == 0) return {};
  if (levels > kMaxPriorityLevels) {
    return InvalidArg("expected at most {} 'priority_levels', got {} for {}", kMaxPriorityLevels, levels, model);
  }
  const auto in_range = [levels](uint64_t level) { return level >= 1 && level <= levels; };
  if (!in_range(batching.default_priority_level())) {
    return InvalidArg("default priority level must be in range [1, {}] for {}", levels, model);
  }
  for (const auto& [level, policy] : batching.priority_queue_policy()) {
    if (!in_range(level)) {
      return InvalidArg("priority queue policy must have priority level in range [1, {}] for {}", levels, model);
    }
  }
  return {};
}

bool DelaysOnTimeout(const inference::ModelQueuePolicy& policy) {
  return policy.timeout_action() == inference::ModelQueuePolicy::DELAY && policy.default_timeout_microseconds() != 0;
}

// Order among the responses needs one queue whose requests stay in order.
Status ValidatePreservedOrder(const inference::ModelDynamicBatching& batching, const std::string& model) {
  if (!batching.preserve_ordering()) return {};
  if (batching.priority_levels() > 1) {
    return InvalidArg("Only one priority level is allowed when 'preserve_ordering' is true for {}", model);
  }
  bool delays = DelaysOnTimeout(batching.default_queue_policy());
  for (const auto& [level, policy] : batching.priority_queue_policy()) delays = delays || DelaysOnTimeout(policy);
  if (delays) {
    return InvalidArg("Queue policy can not have DELAY as timeout action when 'preserve_ordering' is true for {}",
                      model);
  }
  return {};
}

Status ValidateDynamicBatching(const inference::ModelConfig& config) {
  const inference::ModelDynamicBatching& batching = config.dynamic_batching();
  RETURN_IF_ERROR(ValidatePreferredSizes("dynamic batching preferred size", batching.preferred_batch_size(), config));
  RETURN_IF_ERROR(ValidatePriorities(batching, config.name()));
  return ValidatePreservedOrder(batching, config.name());
}

// A control that says yes or no: exactly one list, of the values for no and yes.
Status ValidateFlagControl(const Control& control, const std::string& model) {
  struct List {
    std::string_view name;
    int size;
  };
  const std::array<List, 3> lists = {{{"int32_false_true", control.int32_false_true_size()},
                                      {"fp32_false_true", control.fp32_false_true_size()},
                                      {"bool_false_true", control.bool_false_true_size()}}};
  const List* given = nullptr;
  for (const List& list : lists) {
    if (list.size == 0) continue;
    if (given != nullptr) {
      return InvalidArg(
          "sequence batching specifies more than one from 'int32_false_true', 'fp32_false_true' and "
          "'bool_false_true' for {} for {}",
          Control::Kind_Name(control.kind()), model);
    }
    given = &list;
  }
  if (given == nullptr) {
    return InvalidArg(
        "sequence batching must specify either 'int32_false_true', 'fp32_false_true' or 'bool_false_true' for {} for "
        "{}",
        Control::Kind_Name(control.kind()), model);
  }
  if (given->size != 2) {
    return InvalidArg("sequence batching control '{}' must have exactly 2 entries for {} for {}", given->name,
                      Control::Kind_Name(control.kind()), model);
  }
  return {};
}

Status ValidateCorrelationControl(const Control& control, const std::string& model) {
  const std::string& kind = Control::Kind_Name(control.kind());
  if (control.int32_false_true_size() + control.fp32_false_true_size() + control.bool_false_true_size() > 0) {
    return InvalidArg(
        "sequence batching must not specify either 'int32_false_true', 'fp32_false_true' or 'bool_false_true' for {} "
        "for {}",
        kind, model);
  }
  switch (control.data_type()) {
    case inference::TYPE_UINT64:
    case inference::TYPE_INT64:
    case inference::TYPE_UINT32:
    case inference::TYPE_INT32:
    case inference::TYPE_STRING: return {};
    default:
      return InvalidArg(
          "unexpected data type for control {} for {}. Allowed data types are TYPE_UINT64, TYPE_INT64, TYPE_UINT32, "
          "TYPE_INT32 and TYPE_STRING",
          kind, model);
  }
}

Status ValidateControls(const ModelSequenceBatching& batching, const std::string& model) {
  std::set<std::string> names;
  for (const auto& input : batching.control_input()) {
    if (input.name().empty()) return InvalidArg("sequence batching control tensor must have a name for {}", model);
    if (!names.insert(input.name()).second) {
      return InvalidArg("sequence batching control tensor '{}' is specified for multiple control kinds for {}",
                        input.name(), model);
    }
  }
  std::set<int> kinds;
  for (const auto& input : batching.control_input()) {
    for (const Control& control : input.control()) {
      if (!kinds.insert(control.kind()).second) {
        return InvalidArg("sequence batching specifies multiple {} tensors for {}", Control::Kind_Name(control.kind()),
                          model);
      }
      RETURN_IF_ERROR(control.kind() == Control::CONTROL_SEQUENCE_CORRID ? ValidateCorrelationControl(control, model)
                                                                         : ValidateFlagControl(control, model));
    }
  }
  return {};
}

Status ValidateSequenceBatching(const inference::ModelConfig& config) {
  const ModelSequenceBatching& batching = config.sequence_batching();
  RETURN_IF_ERROR(ValidateControls(batching, config.name()));
  if (batching.has_oldest()) {
    RETURN_IF_ERROR(ValidatePreferredSizes("sequence batching preferred batch size",
                                           batching.oldest().preferred_batch_size(), config));
  }
  // Written so that NaN is refused too.
  const float utilization = batching.direct().minimum_slot_utilization();
  if (!(utilization >= 0.0F && utilization <= 1.0F)) {
    return InvalidArg("sequence batching minimum slot utilization must be in range (0.0, 1.0] for {}", config.name());
  }
  return {};
}

// Whether the configuration has this parameter, whose value is the name of a parameter of requests.
Expected<bool> NamesParameterOfRequests(const inference::ModelConfig& config, const char* parameter) {
  const std::string* const named = FindParameter(config, parameter);
  if (named == nullptr || !named->empty()) return named != nullptr;
  return InvalidArg("expected parameter '{}' to name a parameter of requests, got '' for {}", parameter, config.name());
}

// By the direct strategy a sequence's row is in whatever batch is executed.
Status ValidateBatchKey(const inference::ModelConfig& config) {
  ASSIGN_OR_RETURN(const bool is_given, NamesParameterOfRequests(config, kBatchKeyParameter));
  if (!is_given) return {};
  if (!config.has_sequence_batching() || config.sequence_batching().has_oldest()) return {};
  return InvalidArg("parameter '{}' is not supported with the direct strategy of sequence batching for {}",
                    kBatchKeyParameter, config.name());
}

Status ValidateFairShare(const inference::ModelConfig& config) {
  ASSIGN_OR_RETURN(const bool is_given, NamesParameterOfRequests(config, kFairShareParameter));
  if (!is_given || config.has_dynamic_batching()) return {};
  return InvalidArg("parameter '{}' needs dynamic batching for {}", kFairShareParameter, config.name());
}

Status ValidateLatencyTarget(const inference::ModelConfig& config) {
  ASSIGN_OR_RETURN(const uint64_t microseconds, LatencyTargetMicroseconds(config));
  if (microseconds == 0 || (config.has_dynamic_batching() && config.max_batch_size() > 0)) return {};
  return InvalidArg("parameter '{}' needs dynamic batching and batches for {}", kLatencyTargetParameter, config.name());
}

}  // namespace

Status ValidateResponseCache(const inference::ModelConfig& config) {
  if (!config.response_cache().enable()) return {};
  const bool sequences = config.has_sequence_batching();
  if (!sequences && !config.model_transaction_policy().decoupled()) return {};
  return InvalidArg("Response Cache does not currently support model {} with {}. Please disable the response cache.",
                    config.name(), sequences ? "sequence batching scheduler" : "'decoupled' transaction policy");
}

Expected<uint64_t> LatencyTargetMicroseconds(const inference::ModelConfig& config) {
  const std::string* const text = FindParameter(config, kLatencyTargetParameter);
  if (text == nullptr) return 0;
  uint64_t microseconds = 0;
  const char* const end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, microseconds);
  if (parsed.ec == std::errc() && parsed.ptr == end && microseconds > 0) return microseconds;
  return InvalidArg("expected parameter '{}' to be a number of microseconds, at least 1, got '{}' for {}",
                    kLatencyTargetParameter, *text, config.name());
}

Status ValidateScheduling(const inference::ModelConfig& config) {
  if (config.has_dynamic_batching()) RETURN_IF_ERROR(ValidateDynamicBatching(config));
  if (config.has_sequence_batching()) RETURN_IF_ERROR(ValidateSequenceBatching(config));
  RETURN_IF_ERROR(ValidateBatchKey(config));
  RETURN_IF_ERROR(ValidateFairShare(config));
  RETURN_IF_ERROR(ValidateLatencyTarget(config));
  return ValidateResponseCache(config);
}

}  // namespace neso
