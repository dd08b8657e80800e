#include "core/validate_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "core/test_support.h"

namespace neso {
namespace {

using test::MakeModel;
using ::testing::StartsWith;

constexpr const char* kTwo = R"(name: "two" max_batch_size: 8
  input { name: "a" data_type: TYPE_FP32 dims: [ -1, 4 ] } input { name: "b" data_type: TYPE_INT32 dims: 4 }
  output { name: "o" data_type: TYPE_FP32 dims: 4 })";
constexpr const char* kTwoOptional = R"(name: "twoopt" max_batch_size: 8
  input { name: "a" data_type: TYPE_FP32 dims: 4 } input { name: "b" data_type: TYPE_INT32 dims: 4 optional: true }
  output { name: "o" data_type: TYPE_FP32 dims: 4 })";
constexpr const char* kUnbatched = R"(name: "nob" input { name: "a" data_type: TYPE_FP32 dims: [ 2, 4 ] }
  output { name: "o" data_type: TYPE_FP32 dims: 4 })";
constexpr const char* kStrings = R"(name: "str" max_batch_size: 8 input { name: "a" data_type: TYPE_STRING dims: 2 })";

struct Given {
  const char* name;
  DataType datatype;
  Shape shape;
  int64_t bytes = -1;  // -1: as many as the shape needs
};

class RequestValidatorTest : public ::testing::Test {
 protected:
  Status Validate(const char* config, const std::vector<Given>& inputs, const std::vector<const char*>& outputs = {}) {
    request_ = InferenceRequest::Create(MakeModel(config), -1);
    for (const Given& given : inputs) {
      EXPECT_TRUE(request_->AddInput(given.name, given.datatype, given.shape).ok());
      BufferAttributes attributes;
      attributes.byte_size = static_cast<size_t>(
          given.bytes >= 0 ? given.bytes : ElementCount(given.shape) * DataTypeByteSize(given.datatype));
      if (attributes.byte_size == 0) continue;
      EXPECT_TRUE(request_->AppendInputData(given.name, zeros_, attributes).ok());
    }
    for (const char* output : outputs) EXPECT_TRUE(request_->AddRequestedOutput(output).ok());
    return RequestValidator(*request_).Run();
  }
  // Of a request for kStrings whose input consists of `pieces`.
  Status ValidateStrings(const std::vector<std::string>& pieces, MemoryType memory = MemoryType::kCpu) {
    request_ = InferenceRequest::Create(MakeModel(kStrings), -1);
    EXPECT_TRUE(request_->AddInput("a", DataType::kBytes, Shape{1, 2}).ok());
    for (const std::string& piece : pieces) {
      BufferAttributes attributes;
      attributes.byte_size = piece.size();
      attributes.memory_type = memory;
      EXPECT_TRUE(request_->AppendInputData("a", piece.data(), attributes).ok());
    }
    return RequestValidator(*request_).Run();
  }
  static std::string Element(const std::string& text) {
    const auto length = static_cast<uint32_t>(text.size());
    std::string bytes(sizeof(length), '\0');
    std::memcpy(bytes.data(), &length, sizeof(length));
    return bytes + text;
  }

  char zeros_[4096] = {};
  std::unique_ptr<InferenceRequest> request_;
};

const Given kA{"a", DataType::kFp32, {1, 2, 4}};
const Given kB{"b", DataType::kInt32, {1, 4}};
const Given kC{"c", DataType::kInt32, {1, 4}};
const std::string kPrefix = "[request id: <id_unknown>] ";

TEST_F(RequestValidatorTest, WordsRefusalsAsClientsKnowThem) {
  struct Case {
    const char* config;
    std::vector<Given> inputs;
    std::string message;
  };
  const Case cases[] = {
      {kTwo,
       {},
       kPrefix + "expected 2 inputs but got 0 inputs for model 'two'. Got input(s) [], but missing required input(s) "
                 "['a','b']. Please provide all required input(s)."},
      {kTwo,
       {kA},
       kPrefix + "expected 2 inputs but got 1 inputs for model 'two'. Got input(s) ['a'], but missing required "
                 "input(s) ['b']. Please provide all required input(s)."},
      {kTwo,
       {kA, kB, kC},
       kPrefix + "expected 2 inputs but got 3 inputs for model 'two'. Got input(s) ['c','b','a'], but missing required "
                 "input(s) ]. Please provide all required input(s)."},
      {kTwoOptional,
       {},
       kPrefix + "expected number of inputs between 1 and 2 but got 0 inputs for model 'twoopt'. Got input(s) [], but "
                 "missing required input(s) ['a']. Please provide all required input(s)."},
      {kTwo, {kA, kC}, "unexpected inference input 'c' for model 'two'"},
      {kTwo,
       {kA, {"b", DataType::kInt32, {2, 4}}},
       kPrefix + "input 'a' batch size does not match other inputs for 'two'"},
      {kTwo,
       {{"a", DataType::kFp32, {9, 2, 4}}, {"b", DataType::kInt32, {9, 4}}},
       kPrefix + "inference request batch-size must be <= 8 for 'two'"},
      {kTwo,
       {kA, {"b", DataType::kFp32, {1, 4}}},
       kPrefix + "inference input 'b' data-type is 'FP32', but model 'two' expects 'INT32'"},
      {kTwo,
       {kA, {"b", DataType::kInt32, {}}},
       kPrefix + "input 'b' has no shape but model requires batch dimension for 'two'"},
      {kTwo,
       {kA, {"b", DataType::kInt32, {1, -1}, 16}},
       kPrefix + "All input dimensions should be specified for input 'b' for model 'two', got [1,-1]"},
      {kTwo,
       {kA, {"b", DataType::kInt32, {-1, 4}, 16}},
       kPrefix + "All input dimensions should be specified for input 'b' for model 'two', got [-1,4]"},
      {kUnbatched,
       {{"a", DataType::kFp32, {1, 4}}},
       kPrefix + "unexpected shape for input 'a' for model 'nob'. Expected [2,4], got [1,4]. "},
      {kUnbatched,
       {{"a", DataType::kFp32, {2, 4}, 4}},
       kPrefix + "input byte size mismatch for input 'a' for model 'nob'. Expected 32, got 4"},
      {kTwo,
       {{"a", DataType::kFp32, {0, 2, 4}}, {"b", DataType::kInt32, {0, 4}}},
       kPrefix + "input byte size mismatch for input 'b' for model 'two'. Expected 16, got 0"},
      {kTwo,
       {{"a", DataType::kFp32, {1, int64_t{1} << 62, 4}, 16}, kB},
       kPrefix + "invalid shape for input 'a': shape [1,4611686018427387904,4] causes total element count to exceed "
                 "maximum size of 9223372036854775807"},
      {kTwo,
       {{"a", DataType::kFp32, {1, int64_t{1} << 60, 4}, 0}, kB},
       kPrefix + "invalid shape for input 'a': shape [1,1152921504606846976,4] causes total byte size to exceed "
                 "maximum size of 9223372036854775807"},
  };
  for (const Case& c : cases) {
    const Status status = Validate(c.config, c.inputs);
    ASSERT_FALSE(status.ok()) << c.message;
    EXPECT_EQ(status.code(), StatusCode::kInvalidArg);
    EXPECT_EQ(status.message(), c.message);
  }
}

TEST_F(RequestValidatorTest, ExplainsTheBatchDimensionWhenAShapeIsUnexpected) {
  EXPECT_THAT(Validate(kTwo, {kA, {"b", DataType::kInt32, {1, 5}}}).message(),
              StartsWith(kPrefix +
                         "unexpected shape for input 'b' for model 'two'. Expected [-1,4], got [1,5]. NOTE: Setting"));
}

TEST_F(RequestValidatorTest, RefusesOutputsTheModelDoesNotHaveBeforeItLooksAtInputs) {
  EXPECT_EQ(Validate(kTwo, {}, {"q"}).message(), "unexpected inference output 'q' for model 'two'");
}

TEST_F(RequestValidatorTest, PrefixesMessagesWithTheRequestId) {
  std::unique_ptr<InferenceRequest> request = InferenceRequest::Create(MakeModel(kUnbatched), -1);
  request->SetId("x7");
  EXPECT_THAT(RequestValidator(*request).Run().message(), StartsWith("[request id: x7] expected 1 inputs"));
}

TEST_F(RequestValidatorTest, AcceptsWhatTheConfigurationAsksFor) {
  ASSERT_TRUE(Validate(kTwo, {{"a", DataType::kFp32, {3, 7, 4}}, {"b", DataType::kInt32, {3, 4}}}).ok());
  EXPECT_EQ(request_->batch_size(), 3u);
  EXPECT_EQ(request_->FindInput("a")->shape(), (Shape{3, 7, 4}));
  EXPECT_THAT(request_->outputs(), ::testing::ElementsAre("o"));
}

TEST_F(RequestValidatorTest, AcceptsVariableDimensionsOfSizeZero) {
  EXPECT_TRUE(Validate(kTwo, {{"a", DataType::kFp32, {1, 0, 4}}, kB}).ok());
}

TEST_F(RequestValidatorTest, LeavesOutOptionalInputs) {
  EXPECT_TRUE(Validate(kTwoOptional, {{"a", DataType::kFp32, {1, 4}}}).ok());
}

TEST_F(RequestValidatorTest, ReshapesInputsForTheBackend) {
  constexpr const char* kConfig = R"(name: "r" max_batch_size: 4
    input { name: "a" data_type: TYPE_INT8 dims: [ 2, -1 ] reshape { shape: [ 1, -1, 2 ] } })";
  ASSERT_TRUE(Validate(kConfig, {{"a", DataType::kInt8, {3, 2, 5}}}).ok());
  EXPECT_EQ(request_->FindInput("a")->shape(), (Shape{3, 1, 5, 2}));
  EXPECT_EQ(request_->FindInput("a")->original_shape(), (Shape{3, 2, 5}));
}

TEST_F(RequestValidatorTest, ReshapesToAScalarInABatch) {
  constexpr const char* kConfig = R"(name: "r" max_batch_size: 4
    input { name: "a" data_type: TYPE_INT8 dims: 1 reshape { shape: [ ] } })";
  ASSERT_TRUE(Validate(kConfig, {{"a", DataType::kInt8, {3, 1}}}).ok());
  EXPECT_EQ(request_->FindInput("a")->shape(), (Shape{3}));
}

TEST_F(RequestValidatorTest, GivesTheDefaultPriorityToThoseWithoutOrBeyondTheLevels) {
  constexpr const char* kConfig = R"(name: "p" max_batch_size: 4 input { name: "a" data_type: TYPE_INT8 dims: 1 }
    dynamic_batching { priority_levels: 3 default_priority_level: 2 })";
  for (const auto& [asked, expected] : {std::pair{0, 2u}, {1, 1u}, {3, 3u}, {4, 2u}}) {
    auto request = InferenceRequest::Create(MakeModel(kConfig), -1);
    ASSERT_TRUE(request->AddInput("a", DataType::kInt8, Shape{1, 1}).ok());
    BufferAttributes one;
    one.byte_size = 1;
    ASSERT_TRUE(request->AppendInputData("a", zeros_, one).ok());
    request->SetPriority(static_cast<uint64_t>(asked));
    ASSERT_TRUE(RequestValidator(*request).Run().ok());
    EXPECT_EQ(request->priority(), expected);
  }
}

TEST_F(RequestValidatorTest, CountsStringElements) {
  const std::string in_model = " for inference input 'a' for model 'str'";
  EXPECT_TRUE(ValidateStrings({Element("a") + Element("")}).ok());
  EXPECT_EQ(ValidateStrings({Element("a")}).message(), kPrefix + "expected 2 string elements" + in_model + ", got 1");
  EXPECT_EQ(ValidateStrings({}).message(), kPrefix + "expected 2 string elements" + in_model + ", got 0");
  EXPECT_EQ(ValidateStrings({Element("a") + Element("b") + Element("c")}).message(),
            kPrefix + "unexpected number of string elements 3" + in_model + ", expecting 2");
  EXPECT_EQ(
      ValidateStrings({Element("a") + "12"}).message(),
      kPrefix + "incomplete string length indicator" + in_model +
          ", expecting 4 bytes but only 2 bytes available. Please make sure the string length indicator is in one "
          "buffer.");
}

TEST_F(RequestValidatorTest, FollowsStringElementsAcrossBuffers) {
  const std::string all = Element("hello") + Element("world");
  EXPECT_TRUE(ValidateStrings({all.substr(0, 6), all.substr(6, 3), all.substr(9)}).ok());
  EXPECT_THAT(ValidateStrings({all.substr(0, 11), all.substr(11)}).message(),
              StartsWith(kPrefix + "incomplete string length indicator"));
}

TEST_F(RequestValidatorTest, RefusesAStringElementThatIsLongerThanItsData) {
  EXPECT_EQ(ValidateStrings({Element("a") + std::string("\x50\0\0\0aa", 6)}).message(),
            kPrefix + "string element 1 of inference input 'a' for model 'str' is 78 bytes longer than what came");
}

TEST_F(RequestValidatorTest, DoesNotReadStringsInGpuMemory) {
  EXPECT_TRUE(ValidateStrings({"x"}, MemoryType::kGpu).ok());
}

class RawInputTest : public ::testing::Test {
 protected:
  Status Validate(const std::string& config, size_t bytes) {
    request_ = InferenceRequest::Create(MakeModel(config), -1);
    EXPECT_TRUE(request_->AddRawInput("raw_input").ok());
    BufferAttributes attributes;
    attributes.byte_size = bytes;
    EXPECT_TRUE(request_->AppendInputData("raw_input", data_, attributes).ok());
    return RequestValidator(*request_).Run();
  }
  const char data_[64] = {};
  std::unique_ptr<InferenceRequest> request_;
};

TEST_F(RawInputTest, DeducesTheVariableDimensionFromTheSize) {
  ASSERT_TRUE(
      Validate(R"(name: "m" max_batch_size: 2 input { name: "x" data_type: TYPE_INT32 dims: [ 2, -1 ] })", 24).ok());
  EXPECT_EQ(request_->inputs()[0].name(), "x");
  EXPECT_EQ(request_->inputs()[0].datatype(), DataType::kInt32);
  EXPECT_EQ(request_->inputs()[0].shape(), (Shape{1, 2, 3}));
}

TEST_F(RawInputTest, PutsTheLengthBeforeAString) {
  const std::string config = R"(name: "m" input { name: "x" data_type: TYPE_STRING dims: 1 })";
  ASSERT_TRUE(Validate(config, 5).ok());
  // Also when the request is used again.
  for (int i = 0; i < 2; ++i) {
    const Input& input = request_->inputs()[0];
    ASSERT_EQ(input.buffers().size(), 2u);
    EXPECT_EQ(input.byte_size(), 9u);
    uint32_t length;
    std::memcpy(&length, input.buffers()[0].base, sizeof(length));
    EXPECT_EQ(length, 5u);
    ASSERT_TRUE(RequestValidator(*request_).Run().ok());
  }
}

TEST_F(RawInputTest, SaysWhyNothingCanBeDeduced) {
  EXPECT_EQ(
      Validate(kTwo, 1).message(),
      kPrefix +
          "Raw request must only have 1 input (found 1) to be deduced but got 2 inputs in 'two' model configuration");
  EXPECT_EQ(
      Validate(R"(name: "m" input { name: "x" data_type: TYPE_INT8 dims: [ -1, -1 ] })", 1).message(),
      kPrefix +
          "The shape of the raw input 'x' can not be deduced because there are more than one variable-sized dimension");
  EXPECT_EQ(Validate(kStrings, 2).message(),
            kPrefix + "For BYTE datatype raw input 'a', the model must have input shape [1]");
  EXPECT_EQ(Validate(kUnbatched, 4).message(),
            kPrefix + "input byte size mismatch for input 'raw_input' for model 'nob'. Expected 32, got 4");
}

}  // namespace
}  // namespace neso
