// Hostile configurations: the first byte says the form (even: text, odd: JSON), the rest is the configuration. Whatever
// parses goes through everything the server does with a configuration without touching the disk, and what is printed as
// JSON reads back.
#include <google/protobuf/util/field_comparator.h>
#include <google/protobuf/util/message_differencer.h>

#include "base/check.h"
#include "base/log.h"
#include "config/complete.h"
#include "config/ensemble.h"
#include "config/equivalence.h"
#include "config/json.h"
#include "config/parse.h"
#include "config/validate.h"
#include "config/versions.h"

namespace neso {
namespace {

void UseEverywhere(inference::ModelConfig config) {
  if (!CompleteModelConfig({"m", {{"model.onnx", false}}}, config).ok()) return;
  NormalizeModelConfig(config);
  const Status polled = ValidateAtPoll(config, config.name(), /*auto_complete_enabled=*/false);
  inference::ModelConfig merged = config;
  static_cast<void>(MergeBackendConfig(config, merged).ok());
  const int gpus[] = {0, 2};
  NormalizeInstanceGroups(gpus, {}, config);
  static_cast<void>(ValidateAtLoad(config, {.ids = gpus, .min_compute_capability = 7.5}).ok());
  static_cast<void>(SelectVersions(config, {1, 2, 10}).ok());
  CHECK(CanUpdateInPlace(config, config) || config.DebugString().find("nan") != std::string::npos,
        "a configuration differs from itself only by NaN");
  const auto find = [&](const std::string&) { return &config; };
  if (polled.ok() && IsEnsemble(config)) static_cast<void>(ValidateEnsemble(config, find).ok());
  static_cast<void>(EnsembleIsDecoupled(config, find));
}

// JSON of what came from JSON gives the same configuration; its numbers went through two printers and are only near.
void CheckReadsBack(const inference::ModelConfig& config) {
  const Expected<inference::ModelConfig> again = ParseModelConfigJson(ModelConfigToJson(config));
  CHECK(again.ok(), "what was printed from JSON can be read");
  google::protobuf::util::DefaultFieldComparator near;
  near.set_float_comparison(google::protobuf::util::DefaultFieldComparator::APPROXIMATE);
  near.SetDefaultFractionAndMargin(1e-9, 1e-300);
  near.set_treat_nan_as_equal(true);
  google::protobuf::util::MessageDifferencer differencer;
  differencer.set_field_comparator(&near);
  CHECK(differencer.Compare(config, *again), "what is printed reads back as the same");
}

}  // namespace
}  // namespace neso

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool quiet = [] {
    neso::log::SetError(false);
    neso::log::SetWarning(false);
    return true;
  }();
  static_cast<void>(quiet);
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  neso::Expected<inference::ModelConfig> config =
      data[0] % 2 == 0 ? neso::ParseModelConfigText(text, "fuzz") : neso::ParseModelConfigJson(text);
  if (!config) return 0;

  neso::Expected<inference::ModelConfig> again = neso::ParseModelConfigJson(neso::ModelConfigToJson(*config));
  if (again) neso::CheckReadsBack(*again);
  neso::UseEverywhere(*std::move(config));
  return 0;
}
