#include "options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso::openvino {
namespace {

using ::testing::HasSubstr;

backend::Result<Options> Read(std::initializer_list<std::pair<const char*, const char*>> values) {
  backend::Parameters parameters;
  for (const auto& [name, value] : values) parameters.Add(name, value);
  return ReadOptions(parameters);
}

std::string ErrorOf(const char* name, const char* value) {
  const backend::Result<Options> options = Read({{name, value}});
  return options ? "" : std::string(options.status().message());
}

TEST(OptionsTest, AreTheDevicesOwnByDefault) {
  const backend::Result<Options> options = Read({});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->device, "CPU");
  EXPECT_EQ(options->performance_hint, "");
  EXPECT_EQ(options->streams, "");
  EXPECT_FALSE(options->inference_threads || options->compilation_threads);
  EXPECT_EQ(options->precision, "");
  EXPECT_FALSE(options->no_auto_batching || options->pad_batches || options->open_batches || options->reshape_inputs);
}

TEST(OptionsTest, AreReadInAnyCase) {
  const backend::Result<Options> options = Read({{"TARGET_DEVICE", "hetero:gpu,cpu"},
                                                 {"PERFORMANCE_HINT", "throughput"},
                                                 {"NUM_STREAMS", "auto"},
                                                 {"INFERENCE_NUM_THREADS", "3"},
                                                 {"COMPILATION_NUM_THREADS", "0"},
                                                 {"HINT_BF16", "yes"},
                                                 {"SKIP_OV_DYNAMIC_BATCHSIZE", "Yes"},
                                                 {"ENABLE_BATCH_PADDING", "YES"},
                                                 {"RESHAPE_IO_LAYERS", "yEs"}});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->device, "HETERO:GPU,CPU");
  EXPECT_EQ(options->performance_hint, "THROUGHPUT");
  EXPECT_EQ(options->streams, "AUTO");
  EXPECT_EQ(options->inference_threads, 3);
  EXPECT_EQ(options->compilation_threads, 0);
  EXPECT_EQ(options->precision, "bf16");
  EXPECT_TRUE(options->no_auto_batching && options->pad_batches && options->reshape_inputs);
}

TEST(OptionsTest, TakeAnythingButYesForNo) {
  for (const char* value : {"true", "1", "on", "no", "", "yes "}) {
    const backend::Result<Options> options = Read({{"ENABLE_BATCH_PADDING", value}});
    ASSERT_TRUE(options) << value;
    EXPECT_FALSE(options->pad_batches) << value;
  }
}

TEST(OptionsTest, LeaveThePrecisionToTheDeviceUnlessOneIsMeant) {
  const auto precision = [](const char* hint) { return Read({{"HINT_BF16", hint}})->precision; };
  for (const char* hint : {"NO", "no"}) EXPECT_EQ(precision(hint), "f32");
  for (const char* hint : {"", "true", "off", "maybe"}) EXPECT_EQ(precision(hint), "") << hint;
}

TEST(OptionsTest, RefuseWhatIsNone) {
  EXPECT_EQ(ErrorOf("PERFORMANCE_HINT", "fast"),
            "expected the parameter 'PERFORMANCE_HINT' to be LATENCY/THROUGHPUT/CUMULATIVE_THROUGHPUT, got fast");
  for (const char* value : {"-1", "1.5", "many", "", "1000000000000", "1025"}) {
    EXPECT_THAT(ErrorOf("INFERENCE_NUM_THREADS", value),
                HasSubstr("expected the parameter 'INFERENCE_NUM_THREADS' to be a non-negative number"));
    EXPECT_THAT(ErrorOf("COMPILATION_NUM_THREADS", value), HasSubstr("'COMPILATION_NUM_THREADS'"));
    EXPECT_THAT(ErrorOf("NUM_STREAMS", value), HasSubstr("to be AUTO/NUMA/<number>"));
  }
}

}  // namespace
}  // namespace neso::openvino
