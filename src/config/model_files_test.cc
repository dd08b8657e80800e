#include "config/model_files.h"

#include <gtest/gtest.h>

#include "config/test_config.h"

namespace neso {
namespace {

TEST(StaysInsideTest, LooksAtEveryStep) {
  for (const char* inside : {"l.txt", "a/../l.txt", "1/../1/l.txt", "./l.txt", "/l.txt", "a//b", "..a/b", ""}) {
    EXPECT_TRUE(StaysInside(inside)) << inside;
  }
  for (const char* outside : {"..", "../l.txt", "a/../../l.txt", "/../l.txt", "./../l.txt"}) {
    EXPECT_FALSE(StaysInside(outside)) << outside;
  }
  EXPECT_FALSE(StaysInside(std::string_view("..\0x", 4)));
}

TEST(StaysInsideTest, KnowsHowDeepTheNameStarts) {
  EXPECT_TRUE(StaysInside("../shared.onnx", 1));
  EXPECT_FALSE(StaysInside("../../shared.onnx", 1));
}

TEST(ValidateModelFilesTest, HasOneErrorForAllThatLiesOutside) {
  struct {
    const char* config;
    const char* member;
    const char* name;
  } const cases[] = {
      {"default_model_filename: '../../other/1/model.onnx'", "default_model_filename", "../../other/1/model.onnx"},
      {"default_model_filename: '/etc/passwd'", "default_model_filename", "/etc/passwd"},
      {"cc_model_filenames { key: '8.0' value: '../../x.plan' }", "cc_model_filenames", "../../x.plan"},
      {"output { name: 'o' label_filename: '../l.txt' }", "label_filename", "../l.txt"},
      {"model_warmup { inputs { key: 'i' value { input_data_file: '../../x' } } }", "input_data_file", "../../x"},
      {"sequence_batching { state { initial_state { data_file: '../../x' } } }", "data_file", "../../x"},
  };
  for (const auto& [config, member, name] : cases) {
    const Status status = ValidateModelFiles(test::ConfigFromText(std::string("name: 'm' ") + config));
    ASSERT_FALSE(status.ok()) << config;
    EXPECT_EQ(status.code(), StatusCode::kUnsupported);
    EXPECT_EQ(status.message(), fmt::format("{} '{}' must stay inside the directory of model 'm'", member, name));
  }
}

TEST(ValidateModelFilesTest, LetsWhatLiesInsideTheModelsFolderPass) {
  for (const char* config : {
           "",
           "default_model_filename: '../shared/model.onnx'",
           "default_model_filename: 'graph/model.onnx'",
           "output { name: 'o' label_filename: '1/labels.txt' }",
           "model_warmup { inputs { key: 'i' value { input_data_file: '../1/data' } } }",
           "model_operations { op_library_filename: '/opt/operators/lib.so' }",
       }) {
    EXPECT_TRUE(ValidateModelFiles(test::ConfigFromText(std::string("name: 'm' ") + config)).ok()) << config;
  }
}

}  // namespace
}  // namespace neso
