#include "backend/warmup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "config/parse.h"

namespace neso {
namespace {

using ::testing::ElementsAre;

class WarmUpSamplesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "warmup_XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    std::filesystem::create_directories(folder_ + "/warmup");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Expected<std::vector<WarmUpSample>> Make(const std::string& tensor, int max_batch_size = 0) {
    Expected<inference::ModelConfig> config =
        ParseModelConfigText("name: 'm' max_batch_size: " + std::to_string(max_batch_size) +
                                 " input { name: 'IN' data_type: TYPE_FP32 dims: [ 2 ] }"
                                 " model_warmup { name: 's' batch_size: 1 inputs { key: 'IN' value { " +
                                 tensor + " } } }",
                             "test");
    EXPECT_TRUE(config.ok()) << config.error().ToString();
    return MakeWarmUpSamples(*config, folder_);
  }
  std::string Data(const std::string& tensor) {
    Expected<std::vector<WarmUpSample>> samples = Make(tensor);
    return samples.ok() ? samples->at(0).tensors.at(0).data : samples.error().ToString();
  }
  void WriteFile(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ + "/warmup/" + name) << bytes;
  }

  std::string folder_;
};

TEST_F(WarmUpSamplesTest, FillsWithZeros) {
  EXPECT_EQ(Data("data_type: TYPE_FP32 dims: [ 2 ] zero_data: true"), std::string(8, '\0'));
}

TEST_F(WarmUpSamplesTest, MakesEmptyStrings) {
  EXPECT_EQ(Data("data_type: TYPE_STRING dims: [ 2, 2 ] zero_data: true"), std::string(16, '\0'));
  EXPECT_EQ(Data("data_type: TYPE_STRING dims: [ 3 ] random_data: true"), std::string(12, '\0'));
}

TEST_F(WarmUpSamplesTest, FillsWithTheSameRandomBytesEachTime) {
  const std::string bytes = Data("data_type: TYPE_FP32 dims: [ 100 ] random_data: true");
  EXPECT_EQ(bytes.size(), 400u);
  EXPECT_NE(bytes, std::string(400, '\0'));
  EXPECT_EQ(Data("data_type: TYPE_FP32 dims: [ 100 ] random_data: true"), bytes);
}

TEST_F(WarmUpSamplesTest, TakesTheBeginningOfAFile) {
  WriteFile("f", "abcdefghijkl");
  EXPECT_EQ(Data("data_type: TYPE_FP32 dims: [ 2 ] input_data_file: 'f'"), "abcdefgh");
}

TEST_F(WarmUpSamplesTest, TakesAllOfAFileOfStrings) {
  WriteFile("f", "whatever");
  EXPECT_EQ(Data("data_type: TYPE_STRING dims: [ 2 ] input_data_file: 'f'"), "whatever");
}

TEST_F(WarmUpSamplesTest, SaysWhatIsMissing) {
  WriteFile("short", "abc");
  EXPECT_EQ(Data("data_type: TYPE_FP32 dims: [ 2 ] input_data_file: 'short'"),
            "Invalid argument: [request id: <id_unknown>] warmup setting expects 8 bytes, but the data provided from "
            "shortonly has 3 bytes");
  EXPECT_EQ(Data("data_type: TYPE_FP32 dims: [ 2 ] input_data_file: 'none'"),
            "Internal: failed to open text file for read " + folder_ + "/warmup/none: No such file or directory");
  EXPECT_EQ(Data("data_type: TYPE_FP32 dims: [ -1 ] zero_data: true"),
            "Invalid argument: warmup setting expects all variable-size dimensions are specified for input 'IN'");
  EXPECT_EQ(
      Data("data_type: TYPE_FP32 dims: [ 2 ]"),
      "Invalid argument: [request id: <id_unknown>] warmup setting expects input 'IN' to have input_data_type set");
}

TEST_F(WarmUpSamplesTest, AddsTheBatchDimension) {
  Expected<std::vector<WarmUpSample>> samples = Make("data_type: TYPE_FP32 dims: [ 2 ] zero_data: true", 8);
  ASSERT_TRUE(samples.ok());
  EXPECT_THAT(samples->at(0).tensors.at(0).shape, ElementsAre(1, 2));
}

}  // namespace
}  // namespace neso
