// Configurations that are mutated by their structure: a field of some message gets another value, an element comes or
// goes, a message is exchanged for its neighbour. The input is a serialised ModelConfig. It goes the way of a load up
// to the plug-in: written and read as text and as JSON, completed, checked, turned into scheduling and instances.
#include <google/protobuf/text_format.h>

#include <array>
#include <limits>
#include <random>

#include "backend/instance_spec.h"
#include "base/check.h"
#include "base/log.h"
#include "config/complete.h"
#include "config/ensemble.h"
#include "config/json.h"
#include "config/model_files.h"
#include "config/parse.h"
#include "config/validate.h"
#include "config/versions.h"
#include "core/model.h"
#include "schedule/batching_config.h"
#include "schedule/pick_batch.h"

namespace neso {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  // One change somewhere in the message.
  void Mutate(Message& message) {
    const Reflection& reflection = *message.GetReflection();
    const google::protobuf::Descriptor& type = *message.GetDescriptor();
    if (type.field_count() == 0) return;
    const FieldDescriptor& field = *type.field(static_cast<int>(Below(static_cast<size_t>(type.field_count()))));
    if (field.is_repeated()) return MutateRepeated(message, reflection, field);
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return SetScalar(message, reflection, field);
    if (reflection.HasField(message, &field) && Below(8) == 0) return reflection.ClearField(&message, &field);
    Mutate(*reflection.MutableMessage(&message, &field));
  }

 private:
  size_t Below(size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(random_); }

  void MutateRepeated(Message& message, const Reflection& reflection, const FieldDescriptor& field) {
    const int size = reflection.FieldSize(message, &field);
    const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    switch (Below(6)) {
      case 0:
        if (size > 0) reflection.RemoveLast(&message, &field);
        return;
      case 1:
        if (size > 1) reflection.SwapElements(&message, &field, 0, static_cast<int>(Below(static_cast<size_t>(size))));
        return;
      case 2:
        // Many of one kind, now and then.
        for (size_t more = Below(8) == 0 ? Below(300) : 1; more > 0; --more) Add(message, reflection, field);
        return;
      default:
        if (size == 0 || !is_message) return Add(message, reflection, field);
        return Mutate(
            *reflection.MutableRepeatedMessage(&message, &field, static_cast<int>(Below(static_cast<size_t>(size)))));
    }
  }

  void Add(Message& message, const Reflection& reflection, const FieldDescriptor& field) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE: return Mutate(*reflection.AddMessage(&message, &field));
      case FieldDescriptor::CPPTYPE_STRING: return reflection.AddString(&message, &field, Text());
      case FieldDescriptor::CPPTYPE_INT32: return reflection.AddInt32(&message, &field, Number<int32_t>());
      case FieldDescriptor::CPPTYPE_INT64: return reflection.AddInt64(&message, &field, Number<int64_t>());
      case FieldDescriptor::CPPTYPE_UINT32: return reflection.AddUInt32(&message, &field, Number<uint32_t>());
      case FieldDescriptor::CPPTYPE_UINT64: return reflection.AddUInt64(&message, &field, Number<uint64_t>());
      case FieldDescriptor::CPPTYPE_DOUBLE: return reflection.AddDouble(&message, &field, Real());
      case FieldDescriptor::CPPTYPE_FLOAT: return reflection.AddFloat(&message, &field, static_cast<float>(Real()));
      case FieldDescriptor::CPPTYPE_BOOL: return reflection.AddBool(&message, &field, Below(2) == 0);
      case FieldDescriptor::CPPTYPE_ENUM: return reflection.AddEnumValue(&message, &field, EnumNumber(field));
    }
  }

  void SetScalar(Message& message, const Reflection& reflection, const FieldDescriptor& field) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING: return reflection.SetString(&message, &field, Text());
      case FieldDescriptor::CPPTYPE_INT32: return reflection.SetInt32(&message, &field, Number<int32_t>());
      case FieldDescriptor::CPPTYPE_INT64: return reflection.SetInt64(&message, &field, Number<int64_t>());
      case FieldDescriptor::CPPTYPE_UINT32: return reflection.SetUInt32(&message, &field, Number<uint32_t>());
      case FieldDescriptor::CPPTYPE_UINT64: return reflection.SetUInt64(&message, &field, Number<uint64_t>());
      case FieldDescriptor::CPPTYPE_DOUBLE: return reflection.SetDouble(&message, &field, Real());
      case FieldDescriptor::CPPTYPE_FLOAT: return reflection.SetFloat(&message, &field, static_cast<float>(Real()));
      case FieldDescriptor::CPPTYPE_BOOL: return reflection.SetBool(&message, &field, Below(2) == 0);
      case FieldDescriptor::CPPTYPE_ENUM: return reflection.SetEnumValue(&message, &field, EnumNumber(field));
      case FieldDescriptor::CPPTYPE_MESSAGE: return;
    }
  }

  template <typename T>
  T Number() {
    using Limits = std::numeric_limits<T>;
    switch (Below(6)) {
      case 0: return Limits::max();
      case 1: return Limits::lowest();
      case 2: return static_cast<T>(T{1} << Below(Limits::digits));
      case 3: return static_cast<T>(-1);
      default: return static_cast<T>(Below(6));
    }
  }

  double Real() {
    constexpr std::array<double, 7> kReals = {
        0.0, 1.0, -1.0, 0.5, 1e308, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()};
    return kReals[Below(kReals.size())];
  }

  int EnumNumber(const FieldDescriptor& field) {
    const google::protobuf::EnumDescriptor& type = *field.enum_type();
    if (Below(10) == 0) return Number<int32_t>();
    return type.value(static_cast<int>(Below(static_cast<size_t>(type.value_count()))))->number();
  }

  // Names come from a small set, so that they meet each other.
  std::string Text() {
    static const std::array<std::string, 14> kTexts = {"",
                                                       "m",
                                                       "INPUT0",
                                                       "OUTPUT0",
                                                       "identity",
                                                       "onnxruntime",
                                                       "ensemble",
                                                       "../x",
                                                       "../../up",
                                                       "/etc/passwd",
                                                       "m.model",
                                                       std::string("a\0b", 3),
                                                       std::string(300, 'x'),
                                                       "\xc3\xa4"};
    return kTexts[Below(kTexts.size())];
  }

  std::mt19937 random_;
};

void Schedule(const inference::ModelConfig& config) {
  const BatchingConfig batching = config.has_dynamic_batching() ? DynamicConfig(config) : DirectConfig();
  CHECK(!batching.levels.empty() && batching.levels.size() <= kMaxPriorityLevels, "priority levels are bounded");
  CHECK(batching.max_queue_delay >= Nanoseconds(0), "a delay does not turn negative");
  for (const QueuePolicy& policy : batching.levels) {
    CHECK(policy.default_timeout >= Nanoseconds(0), "a timeout does not turn negative");
  }
  const TimePoint now = TimePoint(std::chrono::hours(1000));
  const BatchDecision decision = PickBatch(std::array<BatchCandidate, 2>{{{1, now}, {1, now}}}, batching, now);
  CHECK(decision.kind != BatchDecision::Kind::kWait || decision.until >= now, "waiting ends later, not earlier");
}

void GoTheWayOfALoad(inference::ModelConfig config) {
  if (!CompleteModelConfig({"m", {{"model.onnx", false}}}, config).ok()) return;
  NormalizeModelConfig(config);
  if (!ValidateAtPoll(config, "m", /*auto_complete_enabled=*/true).ok()) return;
  if (IsEnsemble(config)) {
    const auto find = [&](const std::string&) { return &config; };
    static_cast<void>(ValidateEnsemble(config, find).ok());
    static_cast<void>(EnsembleIsDecoupled(config, find));
  }
  static_cast<void>(SelectVersions(config, {1, 2, 10}).ok());
  if (!ValidateModelFiles(config).ok()) return;
  NormalizeInstanceGroups({}, {}, config);
  if (!ValidateAtLoad(config, GpuInventory()).ok()) return;
  Schedule(config);
  CHECK(ExpandInstanceGroups(config).size() <= kMaxInstances, "instances are bounded");
  const Model model(config, 1, {});
  CHECK(model.inputs().size() == static_cast<size_t>(config.input_size()),
        "a model has the inputs of its configuration");
  static_cast<void>(ModelConfigToJson(model.config()));
}

}  // namespace
}  // namespace neso

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  inference::ModelConfig config;
  static_cast<void>(config.ParseFromArray(data, static_cast<int>(size)));
  neso::Mutator mutator(seed);
  for (unsigned change = 0; change <= seed % 5; ++change) mutator.Mutate(config);
  const std::string bytes = config.SerializeAsString();
  if (bytes.size() > max_size) return size;
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool quiet = [] {
    neso::log::SetError(false);
    neso::log::SetWarning(false);
    return true;
  }();
  static_cast<void>(quiet);
  inference::ModelConfig config;
  if (!config.ParseFromArray(data, static_cast<int>(size))) return 0;

  std::string text;
  google::protobuf::TextFormat::PrintToString(config, &text);
  if (neso::Expected<inference::ModelConfig> read = neso::ParseModelConfigText(text, "fuzz")) {
    neso::GoTheWayOfALoad(*std::move(read));
  }
  if (neso::Expected<inference::ModelConfig> read = neso::ParseModelConfigJson(neso::ModelConfigToJson(config))) {
    neso::GoTheWayOfALoad(*std::move(read));
  }
  return 0;
}
