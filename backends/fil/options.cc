#include "options.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

#include "neso/backend/log.h"

namespace neso::fil {
namespace {

using backend::Parameters;
using backend::Result;
using backend::Status;

constexpr std::array<std::pair<const char*, const char*>, 5> kFormats = {{{"xgboost", "xgboost.model"},
                                                                          {"xgboost_json", "xgboost.json"},
                                                                          {"xgboost_ubj", "xgboost.ubj"},
                                                                          {"lightgbm", "model.txt"},
                                                                          {"treelite_checkpoint", "checkpoint.tl"}}};
// And what took their place.
constexpr std::array<std::pair<const char*, const char*>, 5> kRemoved = {{{"algo", "layout"},
                                                                          {"threads_per_tree", "chunk_size"},
                                                                          {"output_class", "is_classifier"},
                                                                          {"storage_type", ""},
                                                                          {"blocks_per_sm", ""}}};
constexpr std::array<std::string_view, 4> kLayouts = {"depth_first", "breadth_first", "layered",
                                                      "layered_children_together"};

void WarnOfRemoved(const Parameters& parameters) {
  for (const auto& [removed, instead] : kRemoved) {
    if (parameters.Or(removed, "").empty()) continue;
    const std::string advice = *instead == '\0' ? "" : backend::Concat(" Use `", instead, "` instead.");
    NESO_LOG_WARNING("The `", removed, "` parameter has been removed in 25.09 release.", advice);
  }
}

Result<bool> ReadIsClassifier(const Parameters& parameters) {
  const std::string old = parameters.Or("output_class", "");
  const char* const name = old.empty() ? "is_classifier" : "output_class";
  const auto text = parameters.Find(name);
  if (!text) return Status::InvalidArg("Required parameter ", name, " not found in config");
  Result<bool> value = backend::ParseBool(*text);
  if (!value) return Status::InvalidArg("Bad input for parameter ", name, ": ", value.status().message());
  return value;
}

// What only a GPU's trees are laid out by.
Status CheckLayout(const Parameters& parameters) {
  const std::string layout = parameters.Or("layout", "depth_first");
  if (std::ranges::find(kLayouts, layout) == kLayouts.end()) {
    return Status::InvalidArg("Unknown nvForest layout name: ", layout);
  }
  NESO_ASSIGN_OR_RETURN(const int64_t chunk, parameters.Or("chunk_size", 1));
  NESO_ASSIGN_OR_RETURN(const int64_t rows, parameters.Or("transfer_threshold", 0));
  if (chunk > std::numeric_limits<int32_t>::max() || rows < 0) {
    return Status::InvalidArg("'chunk_size' or 'transfer_threshold' is out of range");
  }
  return {};
}

}  // namespace

Result<Options> ReadOptions(const Parameters& parameters) {
  Options options;
  WarnOfRemoved(parameters);
  options.format = parameters.Or("model_type", "xgboost");
  const auto* const known =
      std::ranges::find_if(kFormats, [&](const auto& format) { return options.format == format.first; });
  if (known == kFormats.end()) {
    return Status::Unsupported(options.format, " not recognized as a valid serialization format.");
  }
  options.usual_file_name = known->second;
  NESO_ASSIGN_OR_RETURN(options.is_classifier, ReadIsClassifier(parameters));
  NESO_ASSIGN_OR_RETURN(options.predict_proba, parameters.Or("predict_proba", false));
  NESO_ASSIGN_OR_RETURN(const double threshold, parameters.Or("threshold", 0.5));
  if (options.is_classifier) options.threshold = static_cast<float>(threshold);
  NESO_ASSIGN_OR_RETURN(options.allow_unknown_fields, parameters.Or("xgboost_allow_unknown_field", false));
  NESO_ASSIGN_OR_RETURN(options.threads, parameters.Or("cpu_nthread", -1));
  NESO_RETURN_IF_ERROR(CheckLayout(parameters));
  return options;
}

}  // namespace neso::fil
