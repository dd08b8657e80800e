#include "model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "serialize.h"

namespace neso::dali {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

const std::string kPipeline = "\x10\x08\x2a\x04\x0a\x02op\x3a\x04\x0a\x02in";  // batch_size 8, an operator, an output

class ModelFileTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void Write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << content;
  }
  Result<ModelFile> Find(const std::string& file) const {
    return FindModel({.folder = folder_, .file = file, .serializer = folder_ + "/serializer", .limit = kLimit});
  }

  static constexpr milliseconds kLimit{30000};
  const std::string folder_ = testing::TempDir() + "dali_model_file_" + std::to_string(getpid());
};

TEST_F(ModelFileTest, TakesTheSerializedPipelineFirst) {
  Write("model.dali", kPipeline);
  Write("dali.py", "raise SystemExit('not asked for')");
  const Result<ModelFile> found = Find("");
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(found->serialized, kPipeline);
  EXPECT_EQ(found->numbers.max_batch_size, 8);
}

TEST_F(ModelFileTest, NamesThePlacesAndWhatIsWrongThere) {
  Write("model.dali", "PK\3\4 an archive");
  const Result<ModelFile> found = Find("");
  EXPECT_EQ(found.status().code(), TRITONSERVER_ERROR_UNKNOWN);
  EXPECT_EQ(
      found.status().message(),
      "DALI Backend error: Failed to load model file. The program looked in the following locations: " + folder_ +
          "/model.dali, " + folder_ +
          "/dali.py. Please make sure that the model exists in any of the locations and is properly serialized or "
          "can be properly serialized.\n" +
          folder_ + "/model.dali: it is damaged, or not a pipeline that DALI has serialized\n" + folder_ +
          "/dali.py: there is no such file");
}

TEST_F(ModelFileTest, RunsPythonFiles) {
  Write("serializer", "import shutil, sys; shutil.copy(sys.argv[1], sys.argv[2])");
  Write("dali.py", kPipeline);
  EXPECT_EQ(Find("")->serialized, kPipeline);
  Write("other.py", kPipeline + "\x10\x09");
  EXPECT_EQ(Find("other.py")->numbers.max_batch_size, 9);
}

TEST_F(ModelFileTest, RefusesNamesThatLeaveTheFolder) {
  EXPECT_EQ(CheckFileName("a/../b").message(),
            "DALI Backend error: Invalid '..' sequence found in model path: 'a/../b'");
  EXPECT_THAT(std::string(CheckFileName("a;b").message()), HasSubstr("Invalid character ';' found in model path"));
  EXPECT_TRUE(CheckFileName("sub/model-1_a.dali").ok());
}

TEST(RunForOutputTest, TellsWhatTheProcessSaidLast) {
  const auto run = [](const std::string& script) {
    return RunForOutput({"sh", "-c", script, "sh"}, milliseconds(30000));
  };
  EXPECT_EQ(*run("printf made > \"$1\""), "made");
  EXPECT_EQ(run("echo why >&2; exit 3").status().message(), "it could not be serialized:\nwhy");
  EXPECT_EQ(run("true").status().message(), "it was run, and has serialized nothing");
  EXPECT_EQ(run("kill -9 $$").status().message(), "it could not be serialized");
  const Result<std::string> much = run("seq 100000; exit 1");
  EXPECT_LT(much.status().message().size(), 5000u);
  EXPECT_THAT(std::string(much.status().message()), testing::EndsWith("\n100000"));
}

TEST(RunForOutputTest, EndsWhatTakesTooLong) {
  const Result<std::string> late = RunForOutput({"sh", "-c", "echo begun; sleep 600", "sh"}, milliseconds(300));
  EXPECT_EQ(late.status().message(), "it was not serialized within 0.300000 s:\nbegun");
}

TEST(RunForOutputTest, WaitsForNobodyButTheProcessItself) {
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(*RunForOutput({"sh", "-c", "sleep 600 & printf made > \"$1\"", "sh"}, milliseconds(30000)), "made");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, milliseconds(20000));
}

TEST(RunForOutputTest, SaysWhatCannotBeRun) {
  EXPECT_THAT(std::string(RunForOutput({"/no/such/python3"}, milliseconds(1000)).status().message()),
              HasSubstr("cannot run '/no/such/python3'"));
}

}  // namespace
}  // namespace neso::dali
