#include "neso/backend/collect_strings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_server.h"

struct TRITONBACKEND_MemoryManager {};

namespace neso::backend {
namespace {

using testing::ElementsAre;
using Kind = BatchInputConfig::Kind;

// Requests of a batch; they end without answers, which the fake server takes.
class CollectorTest : public testing::Test {
 protected:
  CollectorTest() : server_("{}") {
    config_.name = "m";
    config_.max_batch_size = 8;
    config_.inputs.push_back({.name = "X", .datatype = TRITONSERVER_TYPE_FP32, .dims = {2}, .reshape = {}});
  }

  std::span<Request> Batch(std::vector<FakeRequest> requests) {
    fakes_ = std::move(requests);
    std::vector<TRITONBACKEND_Request*> handles;
    for (FakeRequest& fake : fakes_) handles.push_back(&fake);
    requests_ = std::make_unique<Request[]>(handles.size());
    for (size_t i = 0; i < handles.size(); ++i) requests_[i].Attach(handles[i]);
    return {requests_.get(), handles.size()};
  }

  // 1, 2 and 3, 4: a request each.
  std::span<Request> TwoRows() {
    return Batch(
        {MakeRequest({MakeInput<float>("X", {1, 2}, {1, 2})}), MakeRequest({MakeInput<float>("X", {1, 2}, {3, 4})})});
  }

  static TRITONBACKEND_Input OnGpu(const std::vector<float>& values) {
    TRITONBACKEND_Input input = MakeInput<float>("X", {1, 2}, values);
    input.memory_type = TRITONSERVER_MEMORY_GPU;
    return input;
  }

  static std::vector<float> Floats(const BatchTensor& tensor) {
    std::vector<float> values(tensor.byte_size / sizeof(float));
    if (!values.empty()) std::memcpy(values.data(), tensor.data, tensor.byte_size);
    return values;
  }

  FakeServer server_;
  TRITONBACKEND_MemoryManager manager_;
  ModelConfig config_;
  std::vector<FakeRequest> fakes_;
  std::unique_ptr<Request[]> requests_;
};

TEST_F(CollectorTest, OneRequestInOnePieceIsNotCopied) {
  InputCollector collector(config_);
  const auto batch = Batch({MakeRequest({MakeInput<float>("X", {1, 2}, {1, 2})})});
  const Result<const BatchTensor*> tensor = collector.Collect("X", batch);
  ASSERT_TRUE(tensor);
  EXPECT_EQ((*tensor)->data, fakes_[0].inputs[0].pieces[0].data());
  EXPECT_FALSE((*tensor)->copied);
  EXPECT_THAT((*tensor)->shape, ElementsAre(1, 2));
  EXPECT_EQ((*tensor)->datatype, TRITONSERVER_TYPE_FP32);
}

TEST_F(CollectorTest, BatchIsGatheredInOrderIntoAlignedMemory) {
  InputCollector collector(config_);
  const auto batch = Batch({MakeRequest({MakeInput<float>("X", {1, 2}, {1, 2})}),
                            MakeRequest({MakeInput<float>("X", {2, 2}, {3, 4, 5, 6})})});
  const Result<const BatchTensor*> tensor = collector.Collect("X", batch);
  ASSERT_TRUE(tensor);
  EXPECT_TRUE((*tensor)->copied);
  EXPECT_THAT((*tensor)->shape, ElementsAre(3, 2));
  EXPECT_THAT(Floats(**tensor), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(reinterpret_cast<uintptr_t>((*tensor)->data) % kStagingAlignment, 0u);
}

TEST_F(CollectorTest, StagingMemoryIsUsedAgain) {
  InputCollector collector(config_);
  const std::byte* first = nullptr;
  for (int i = 0; i < 2; ++i) {
    std::vector<FakeRequest> requests;
    requests.push_back(MakeRequest({MakeInput<float>("X", {1, 2}, {1, 2})}));
    requests.push_back(MakeRequest({MakeInput<float>("X", {1, 2}, {3, 4})}));
    requests_.reset();
    const Result<const BatchTensor*> tensor = collector.Collect("X", Batch(std::move(requests)));
    ASSERT_TRUE(tensor);
    if (first == nullptr) first = (*tensor)->data;
    EXPECT_EQ((*tensor)->data, first);
  }
}

TEST_F(CollectorTest, MisalignedInputIsCopied) {
  InputCollector collector(config_);
  TRITONBACKEND_Input input = MakeInput<float>("X", {1, 2}, {1, 2});
  input.pieces[0].insert(input.pieces[0].begin(), std::byte{0});
  input.misalignment = 1;
  const auto batch = Batch({MakeRequest({input})});
  const Result<const BatchTensor*> tensor = collector.Collect("X", batch);
  ASSERT_TRUE(tensor);
  EXPECT_TRUE((*tensor)->copied);
  EXPECT_THAT(Floats(**tensor), ElementsAre(1, 2));
}

TEST_F(CollectorTest, PiecesAreJoined) {
  InputCollector collector(config_);
  TRITONBACKEND_Input input = MakeInput<float>("X", {1, 2}, {1});
  input.pieces.push_back(MakeInput<float>("X", {1}, {2}).pieces[0]);
  const auto batch = Batch({MakeRequest({input})});
  const Result<const BatchTensor*> tensor = collector.Collect("X", batch);
  ASSERT_TRUE(tensor);
  EXPECT_THAT(Floats(**tensor), ElementsAre(1, 2));
}

TEST_F(CollectorTest, ABatchIsGatheredInMemoryOfTheCallers) {
  InputCollector collector(config_);
  const auto batch = Batch({MakeRequest({MakeInput<float>("X", {1, 2}, {1, 2})}),
                            MakeRequest({MakeInput<float>("X", {2, 2}, {3, 4, 5, 6})})});
  std::vector<std::byte> memory;
  const Result<const BatchTensor*> tensor = collector.CollectInto("X", batch, [&](const BatchTensor& wanted) {
    EXPECT_THAT(wanted.shape, ElementsAre(3, 2));
    EXPECT_EQ(wanted.datatype, TRITONSERVER_TYPE_FP32);
    memory.resize(wanted.byte_size);
    return memory.data();
  });
  ASSERT_TRUE(tensor);
  EXPECT_EQ((*tensor)->data, memory.data());
  EXPECT_THAT(Floats(**tensor), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(CollectorTest, ACallerWithoutMemoryIsAnError) {
  InputCollector collector(config_);
  const auto batch = Batch({MakeRequest({MakeInput<float>("X", {1, 2}, {1, 2})})});
  const auto none = [](const BatchTensor&) -> std::byte* { return nullptr; };
  EXPECT_EQ(collector.CollectInto("X", batch, none).status().code(), TRITONSERVER_ERROR_UNAVAILABLE);
}

TEST_F(CollectorTest, RaggedInputsBecomeOneFlatTensor) {
  config_.inputs[0].ragged = true;
  InputCollector collector(config_);
  const auto batch = Batch(
      {MakeRequest({MakeInput<float>("X", {1, 1}, {1})}), MakeRequest({MakeInput<float>("X", {1, 3}, {2, 3, 4})})});
  const Result<const BatchTensor*> tensor = collector.Collect("X", batch);
  ASSERT_TRUE(tensor);
  EXPECT_THAT((*tensor)->shape, ElementsAre(4));
  EXPECT_THAT(Floats(**tensor), ElementsAre(1, 2, 3, 4));
}

TEST_F(CollectorTest, ShapesThatDifferBeyondTheBatchAreRefused) {
  InputCollector collector(config_);
  const auto batch =
      Batch({MakeRequest({MakeInput<float>("X", {1, 1}, {1})}), MakeRequest({MakeInput<float>("X", {1, 2}, {2, 3})})});
  EXPECT_EQ(collector.Collect("X", batch).status().message(), "input 'X': shapes [1,1] and [1,2] cannot be batched");
}

TEST_F(CollectorTest, AbsentOptionalInputIsNull) {
  config_.inputs[0].optional = true;
  InputCollector collector(config_);
  const auto batch = Batch({MakeRequest({})});
  const Result<const BatchTensor*> tensor = collector.Collect("X", batch);
  ASSERT_TRUE(tensor);
  EXPECT_EQ(*tensor, nullptr);
}

TEST_F(CollectorTest, AbsentInputIsAnError) {
  InputCollector collector(config_);
  EXPECT_EQ(collector.Collect("X", Batch({MakeRequest({})})).status().message(), "unknown request input name X");
}

TEST_F(CollectorTest, SeveralRequestsWithoutBatchingAreAnError) {
  config_.max_batch_size = 0;
  InputCollector collector(config_);
  EXPECT_EQ(collector.Collect("X", Batch({MakeRequest({}), MakeRequest({})})).status().message(),
            "model 'm' does not batch, got 2 requests");
}

TEST_F(CollectorTest, GpuMemoryIsCopiedToTheHost) {
  InputCollector collector(config_);
  const Result<const BatchTensor*> tensor = collector.Collect("X", Batch({MakeRequest({OnGpu({1, 2})})}));
  ASSERT_TRUE(tensor);
  EXPECT_THAT(Floats(**tensor), ElementsAre(1, 2));
  EXPECT_EQ((*tensor)->place, Place::Cpu());
  EXPECT_TRUE((*tensor)->copied);
  EXPECT_EQ(FakeServer::gpu_copies(), 1U);
}

TEST_F(CollectorTest, GpuMemoryStaysWhereItIsIfTheBackendUsesThatGpu) {
  InputCollector collector(config_);
  collector.UseGpu(0, &manager_);
  const auto batch = Batch({MakeRequest({OnGpu({1, 2})})});
  const Result<const BatchTensor*> tensor = collector.Collect("X", batch);
  ASSERT_TRUE(tensor);
  EXPECT_EQ((*tensor)->data, fakes_[0].inputs[0].pieces[0].data());
  EXPECT_EQ((*tensor)->place, Place::Gpu(0));
  EXPECT_EQ(FakeServer::gpu_copies(), 0U);
}

TEST_F(CollectorTest, ABatchWithAPartOnAGpuIsGatheredThere) {
  InputCollector collector(config_);
  collector.UseGpu(0, &manager_);
  const auto batch = Batch({MakeRequest({OnGpu({1, 2})}), MakeRequest({MakeInput<float>("X", {1, 2}, {3, 4})})});
  const Result<const BatchTensor*> tensor = collector.Collect("X", batch);
  ASSERT_TRUE(tensor);
  EXPECT_EQ((*tensor)->place, Place::Gpu(0));
  EXPECT_THAT(Floats(**tensor), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(FakeServer::gpu_copies(), 2U);
}

TEST_F(CollectorTest, ABatchForAGpuIsGatheredInPinnedMemory) {
  InputCollector collector(config_);
  collector.UseGpu(0, &manager_);
  const auto batch = TwoRows();
  const Result<const BatchTensor*> tensor = collector.Collect("X", batch);
  ASSERT_TRUE(tensor);
  EXPECT_EQ((*tensor)->place, Place::Pinned());
  EXPECT_THAT(Floats(**tensor), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(FakeServer::gpu_copies(), 0U);
}

TEST_F(CollectorTest, WithoutPinnedMemoryIfTheModelDoesNotWantIt) {
  config_.pins_inputs = false;
  InputCollector collector(config_);
  collector.UseGpu(0, &manager_);
  const auto batch = TwoRows();
  const Result<const BatchTensor*> tensor = collector.Collect("X", batch);
  ASSERT_TRUE(tensor);
  EXPECT_EQ((*tensor)->place, Place::Cpu());
  EXPECT_THAT(Floats(**tensor), ElementsAre(1, 2, 3, 4));
}

TEST_F(CollectorTest, WhereThereIsNoMemoryOfTheGpuTheHostsDoes) {
  InputCollector collector(config_);
  collector.UseGpu(9, &manager_);
  const auto batch = Batch({MakeRequest({OnGpu({1, 2})}), MakeRequest({OnGpu({3, 4})})});
  const Result<const BatchTensor*> tensor = collector.Collect("X", batch);
  ASSERT_TRUE(tensor);
  EXPECT_EQ((*tensor)->place, Place::Cpu());
  EXPECT_THAT(Floats(**tensor), ElementsAre(1, 2, 3, 4));
}

TEST_F(CollectorTest, BatchInputIsWrittenInItsType) {
  InputCollector collector(config_);
  const auto batch = Batch(
      {MakeRequest({MakeInput<float>("X", {1, 2}, {1, 2})}), MakeRequest({MakeInput<float>("X", {1, 3}, {2, 3, 4})})});
  const Result<const BatchTensor*> tensor = collector.CollectBatchInput({.kind = Kind::kAccumulatedElementCountWithZero,
                                                                         .targets = {"COUNTS"},
                                                                         .datatype = TRITONSERVER_TYPE_FP32,
                                                                         .source = "X"},
                                                                        batch);
  ASSERT_TRUE(tensor);
  EXPECT_THAT((*tensor)->shape, ElementsAre(3));
  EXPECT_THAT(Floats(**tensor), ElementsAre(0, 2, 5));
}

TEST(ComputeBatchInputTest, EachKindHasItsShapeAndValues) {
  const std::vector<int64_t> first = {1, 2, 3};
  const std::vector<int64_t> second = {2, 1, 1};
  const std::vector<std::span<const int64_t>> shapes = {first, second};
  struct Case {
    Kind kind;
    std::vector<int64_t> shape;
    std::vector<int64_t> values;
  };
  const Case cases[] = {
      {Kind::kElementCount, {2}, {6, 2}},
      {Kind::kAccumulatedElementCount, {2}, {6, 8}},
      {Kind::kAccumulatedElementCountWithZero, {3}, {0, 6, 8}},
      {Kind::kMaxElementCountAsShape, {6}, {0, 0, 0, 0, 0, 0}},
      {Kind::kItemShape, {3, 2}, {2, 3, 1, 1, 1, 1}},
      {Kind::kItemShapeFlatten, {6}, {2, 3, 1, 1, 1, 1}},
  };
  for (const Case& c : cases) {
    const internal::BatchInputValues computed = internal::ComputeBatchInput(c.kind, shapes);
    EXPECT_EQ(computed.shape, c.shape) << static_cast<int>(c.kind);
    EXPECT_EQ(computed.values, c.values) << static_cast<int>(c.kind);
  }
}

TEST_F(CollectorTest, AStringThatClaimsTooMuchTakesNothingOfTheNextRequest) {
  config_.inputs[0] = {.name = "S", .datatype = TRITONSERVER_TYPE_BYTES, .dims = {1}, .reshape = {}};
  InputCollector collector(config_);
  TRITONBACKEND_Input greedy = MakeStringInput("S", {1, 1}, {"a"});
  greedy.pieces[0][0] = std::byte{15};
  // Together they have as many elements as they should.
  const auto batch = Batch({MakeRequest({std::move(greedy)}), MakeRequest({MakeStringInput("S", {1, 1}, {"SECRET"})}),
                            MakeRequest({MakeStringInput("S", {1, 1}, {std::string("\4\0\0\0evil\0\0\0\0", 12)})})});
  const Result<BatchStrings> strings = CollectStrings(collector, "S", batch);
  ASSERT_TRUE(strings);
  EXPECT_THAT(strings->elements, ElementsAre("", "SECRET", std::string_view("\4\0\0\0evil\0\0\0\0", 12)));
  EXPECT_THAT(strings->tensor->shape, ElementsAre(3, 1));
  EXPECT_TRUE(batch[0].failed());
  EXPECT_FALSE(batch[1].failed() || batch[2].failed());
}

}  // namespace
}  // namespace neso::backend
