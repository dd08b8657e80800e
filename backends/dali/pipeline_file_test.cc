#include "pipeline_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso::dali {
namespace {

using testing::HasSubstr;

std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string Number(int field, uint64_t value) { return Varint(static_cast<uint64_t>(field) << 3) + Varint(value); }
std::string Message(int field, const std::string& content) {
  return Varint(static_cast<uint64_t>(field) << 3 | 2) + Varint(content.size()) + content;
}

const std::string kOperator = Message(5, Message(1, "ExternalSource"));
const std::string kOutput = Message(7, Message(1, "OUT") + Message(2, "cpu"));

std::string Error(const std::string& bytes) { return std::string(ReadPipelineNumbers(bytes).status().message()); }

TEST(PipelineFileTest, ReadsTheNumbers) {
  const Result<PipelineNumbers> numbers = ReadPipelineNumbers(Number(1, 3) + Number(2, 8) + kOperator + kOutput);
  ASSERT_TRUE(numbers.ok()) << numbers.status().message();
  EXPECT_EQ(numbers->num_threads, 3);
  EXPECT_EQ(numbers->max_batch_size, 8);
}

TEST(PipelineFileTest, TakesFieldsItDoesNotKnow) {
  const std::string fixed = Varint(20 << 3 | 1) + std::string(8, 'x') + Varint(21 << 3 | 5) + std::string(4, 'x');
  EXPECT_EQ(Error(fixed + kOperator + kOutput + Number(99, 1)), "");
}

TEST(PipelineFileTest, RefusesEachPartOfAFileThatLosesItsOutput) {
  const std::string whole = Number(1, 3) + Number(2, 8) + kOperator + kOutput;
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_NE(Error(whole.substr(0, size)), "") << size;
}

TEST(PipelineFileTest, SaysWhatIsWrong) {
  EXPECT_THAT(Error(""), HasSubstr("without operators"));
  EXPECT_THAT(Error(kOperator), HasSubstr("without outputs"));
  EXPECT_THAT(Error("PK\3\4 an archive"), HasSubstr("damaged, or not a pipeline"));
  EXPECT_THAT(Error("\x08\x07\x12\x04onnx"), HasSubstr("damaged, or not a pipeline"));
  EXPECT_THAT(Error(Message(5, "\x0a") + kOutput), HasSubstr("damaged, or not a pipeline"));
  EXPECT_THAT(Error(Message(5, "") + kOutput), HasSubstr("damaged, or not a pipeline"));
  EXPECT_THAT(Error(Number(2, uint64_t{1} << 40) + kOperator + kOutput), HasSubstr("batch_size of 1 to 1048576"));
  EXPECT_THAT(Error(Number(1, ~uint64_t{0}) + kOperator + kOutput), HasSubstr("num_threads of 1 to 1024"));
}

std::string WithArgument(const std::string& argument) {
  return Message(5, Message(1, "ExternalSource") + Message(4, Message(1, "name") + argument)) + kOutput;
}

TEST(PipelineFileTest, ArgumentsHaveTheValuesOfTheirTypes) {
  const std::string text = Message(2, "string"), number = Message(2, "int64"), flag = Message(2, "bool"),
                    real = Message(2, "float");
  const std::string element = Message(7, text + Message(5, "x"));
  for (const std::string& good :
       {text + Message(5, ""), number + Number(4, 0), number + Message(4, "\1\2"), flag + Number(6, 1),
        text + Number(8, 1), real + Varint(3 << 3 | 5) + std::string(4, 'x'), text + element + Number(8, 1),
        Message(2, "a type of tomorrow")}) {
    EXPECT_EQ(Error(WithArgument(good)), "") << testing::PrintToString(good);
  }
  for (const std::string& bad : {text, text + Number(5, 1), text + Number(8, 0), number + Number(6, 1),
                                 flag + Message(6, ""), real, text + Message(7, text) + Number(8, 1), text + element}) {
    EXPECT_THAT(Error(WithArgument(bad)), HasSubstr("damaged, or not a pipeline")) << testing::PrintToString(bad);
  }
}

TEST(PipelineFileTest, ArgumentsMayNotBeNestedWithoutEnd) {
  std::string argument = Message(2, "string") + Message(5, "x");
  for (int i = 0; i < 200; ++i) argument = Message(2, "string") + Message(7, argument) + Number(8, 1);
  EXPECT_THAT(Error(WithArgument(argument)), HasSubstr("damaged, or not a pipeline"));
}

TEST(PipelineFileTest, TheDeviceForTheCpuComesLast) {
  const std::string file = Number(8, 0) + kOperator + kOutput;
  EXPECT_EQ(ForCpu(file), file + Number(8, static_cast<uint64_t>(int64_t{-99999})));
  EXPECT_TRUE(ReadPipelineNumbers(ForCpu(file)).ok());
}

}  // namespace
}  // namespace neso::dali
