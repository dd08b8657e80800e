#include "frontend/shared_memory/shared_tensors.h"

#include <gtest/gtest.h>

#include "core/api_error.h"
#include "core/model.h"
#include "frontend/shared_memory/test_object.h"

namespace neso {
namespace {

class SharedTensorsTest : public ::testing::Test {
 protected:
  SharedTensorsTest() {
    inference::ModelConfig config;
    config.set_name("m");
    request_ = InferenceRequest::Create(
        std::make_shared<Model>(config, 1, std::map<std::string, std::vector<std::string>>()), -1);
    EXPECT_TRUE(regions_.RegisterSystem("r", {.key = object_.key(), .byte_size = 4096}).ok());
    EXPECT_TRUE(request_->AddInput("in", DataType::kInt32, Shape{2}).ok());
  }

  const TestObject object_{"tensors", 4096};
  SharedMemoryManager regions_{{.is_allowed = true}};
  SharedTensors shared_{regions_};
  std::unique_ptr<InferenceRequest> request_;
};

const SharedTensors& Of(void* userp) { return *static_cast<SharedTensors*>(userp); }

TEST_F(SharedTensorsTest, AnInputIsReadWhereItIs) {
  ASSERT_TRUE(shared_.AddInput(*request_, "in", {.region = "r", .offset = 16, .byte_size = 8}).ok());
  object_.bytes()[16] = 'x';
  const Input& input = *request_->FindInput("in");
  ASSERT_EQ(input.buffers().size(), 1U);
  EXPECT_EQ(static_cast<const char*>(input.buffers()[0].base)[0], 'x');
  EXPECT_EQ(input.byte_size(), 8U);
}

TEST_F(SharedTensorsTest, AnInputWithoutBytesHasNoBuffer) {
  ASSERT_TRUE(shared_.AddInput(*request_, "in", {.region = "r"}).ok());
  EXPECT_TRUE(request_->FindInput("in")->buffers().empty());
}

TEST_F(SharedTensorsTest, ARegionIsKeptForAsLongAsTheTensors) {
  auto shared = std::make_unique<SharedTensors>(regions_);
  ASSERT_TRUE(shared->AddInput(*request_, "in", {.region = "r", .byte_size = 8}).ok());
  const std::weak_ptr<Region> watched = regions_.Find("r", {})->region;
  ASSERT_TRUE(regions_.Unregister(RegionKind::kSystem, "r").ok());
  EXPECT_FALSE(watched.expired());
  shared.reset();
  EXPECT_TRUE(watched.expired());
}

TEST_F(SharedTensorsTest, AnOutputHasThePlaceItWasGiven) {
  EXPECT_FALSE(shared_.has_outputs());
  ASSERT_TRUE(shared_.AddOutput("out", {.region = "r", .offset = 8, .byte_size = 8}).ok());
  EXPECT_TRUE(shared_.has_outputs());
  EXPECT_EQ(shared_.FindOutput("out")->base, regions_.Find("r", {.offset = 8})->base);
  EXPECT_EQ(shared_.FindOutput("other"), nullptr);
}

TEST_F(SharedTensorsTest, AnOutputThatDoesNotFitIsRefused) {
  ASSERT_TRUE(shared_.AddOutput("out", {.region = "r", .byte_size = 8}).ok());
  void* buffer = nullptr;
  TRITONSERVER_MemoryType type = TRITONSERVER_MEMORY_GPU;
  int64_t id = 3;
  const RegionSlice& slice = *shared_.FindOutput("out");
  EXPECT_EQ(PlaceOutput(slice, "out", 9, {&buffer, &type, &id}).ToString(),
            "Internal: shared memory size specified with the request for output 'out' (8 bytes) should be at least 9 "
            "bytes to hold the results");
  EXPECT_EQ(buffer, nullptr);
  ASSERT_TRUE(PlaceOutput(slice, "out", 8, {&buffer, &type, &id}).ok());
  EXPECT_EQ(buffer, slice.base);
  EXPECT_EQ(type, TRITONSERVER_MEMORY_CPU);
  EXPECT_EQ(id, 0);
}

TEST_F(SharedTensorsTest, AllMemoryHasToHaveBeenThere) {
  ASSERT_TRUE(shared_.AddOutput("out", {.region = "r", .byte_size = 8}).ok());
  EXPECT_TRUE(shared_.CheckIntact().ok());
  object_.Truncate(0);
  *static_cast<volatile char*>(shared_.FindOutput("out")->base) = 1;
  EXPECT_EQ(shared_.CheckIntact().code(), StatusCode::kInvalidArg);
}

TEST_F(SharedTensorsTest, BackendsAreToldBeforehandWhereOutputsGo) {
  ASSERT_TRUE(shared_.AddOutput("out", {.region = "r", .byte_size = 8}).ok());
  for (const bool has_shared_outputs : {false, true}) {
    const ResponseAllocator allocator = MakeResponseAllocator<Of>(nullptr, nullptr, has_shared_outputs);
    for (const char* name : {"out", "other", static_cast<const char*>(nullptr)}) {
      TRITONSERVER_MemoryType type = TRITONSERVER_MEMORY_GPU;
      int64_t id = 3;
      EXPECT_TRUE(TakeStatus(allocator.query(nullptr, &shared_, name, nullptr, &type, &id)).ok());
      EXPECT_EQ(type, TRITONSERVER_MEMORY_CPU);
      EXPECT_EQ(id, 0);
    }
  }
}

}  // namespace
}  // namespace neso
