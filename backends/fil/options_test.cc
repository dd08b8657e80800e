#include "options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace neso::fil {
namespace {

using testing::HasSubstr;
using Pairs = std::vector<std::pair<std::string, std::string>>;

backend::Result<Options> Read(const Pairs& pairs) {
  backend::Parameters parameters;
  for (const auto& [name, value] : pairs) parameters.Add(name, value);
  return ReadOptions(parameters);
}

std::string ErrorOf(const Pairs& pairs) { return std::string(Read(pairs).status().message()); }

TEST(FilOptionsTest, KnowsTheFileOfEachFormat) {
  EXPECT_EQ(Read({{"is_classifier", "true"}})->usual_file_name, "xgboost.model");
  for (const auto& [format, file] : Pairs{{"xgboost", "xgboost.model"},
                                          {"xgboost_json", "xgboost.json"},
                                          {"xgboost_ubj", "xgboost.ubj"},
                                          {"lightgbm", "model.txt"},
                                          {"treelite_checkpoint", "checkpoint.tl"}}) {
    EXPECT_EQ(Read({{"is_classifier", "true"}, {"model_type", format}})->usual_file_name, file);
  }
  const auto unknown = Read({{"is_classifier", "true"}, {"model_type", "pickle"}});
  EXPECT_EQ(unknown.status().message(), "pickle not recognized as a valid serialization format.");
  EXPECT_EQ(unknown.status().code(), TRITONSERVER_ERROR_UNSUPPORTED);
}

TEST(FilOptionsTest, NeedsToKnowWhetherItClassifies) {
  EXPECT_EQ(ErrorOf({}), "Required parameter is_classifier not found in config");
  EXPECT_THAT(ErrorOf({{"is_classifier", "maybe"}}), HasSubstr("Bad input for parameter is_classifier"));
  EXPECT_TRUE(Read({{"is_classifier", "true"}})->is_classifier);
  // The old name wins.
  EXPECT_FALSE(Read({{"is_classifier", "true"}, {"output_class", "false"}})->is_classifier);
  EXPECT_TRUE(Read({{"output_class", "true"}})->is_classifier);
}

TEST(FilOptionsTest, ReadsTheOthers) {
  const auto options = Read({{"is_classifier", "true"},
                             {"predict_proba", "true"},
                             {"threshold", "0.25"},
                             {"xgboost_allow_unknown_field", "true"},
                             {"cpu_nthread", "3"}});
  EXPECT_TRUE(options->predict_proba);
  EXPECT_EQ(options->threshold, 0.25F);
  EXPECT_TRUE(options->allow_unknown_fields);
  EXPECT_EQ(options->threads, 3);
  EXPECT_EQ(Read({{"is_classifier", "false"}, {"threshold", "0.25"}})->threshold, 0.5F);
  EXPECT_EQ(ErrorOf({{"is_classifier", "true"}, {"threshold", "half"}}),
            "parameter 'threshold': failed to convert 'half' to number");
}

TEST(FilOptionsTest, LooksAtWhatOnlyGpusUse) {
  for (const char* layout : {"depth_first", "breadth_first", "layered", "layered_children_together"}) {
    EXPECT_TRUE(Read({{"is_classifier", "true"}, {"layout", layout}})) << layout;
  }
  EXPECT_EQ(ErrorOf({{"is_classifier", "true"}, {"layout", "flat"}}), "Unknown nvForest layout name: flat");
}

}  // namespace
}  // namespace neso::fil
