// The states of sequences, from one request to the next.
#include "core/sequence_state.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "device/fake_cuda_for_test.h"
#include "schedule/sequence_test_support.h"

namespace neso {
namespace {

using test::FakeInstance;
using test::kEnd;
using test::kStart;
using ::testing::ElementsAre;

BufferRef Bytes(std::initializer_list<int32_t> values) {
  BufferRef buffer = Buffer::Allocate(values.size() * sizeof(int32_t));
  if (values.size() > 0) std::memcpy(buffer->data(), values.begin(), buffer->size());
  return buffer;
}

StateSpec Spec(bool in_place, Shape shape, std::initializer_list<int32_t> initial) {
  StateSpec spec;
  spec.input_name = "SI";
  spec.output_name = "SO";
  spec.datatype = DataType::kInt32;
  spec.in_place = in_place;
  spec.initial_shape = std::move(shape);
  spec.initial = Bytes(initial);
  return spec;
}

std::vector<int32_t> ValuesOf(const Input& input) {
  std::vector<int32_t> values(input.byte_size() / sizeof(int32_t));
  if (!values.empty()) std::memcpy(values.data(), input.buffers()[0].base, input.byte_size());
  return values;
}

// Appends to the state, as a growing cache does.
void Append(InferenceRequest& request, int32_t value) {
  const Input& input = *request.FindInput("SI");
  std::vector<int32_t> values = ValuesOf(input);
  values.push_back(value);
  const Shape shape = {1, static_cast<int64_t>(values.size())};
  SequenceState* const state = *request.sequence_states->NewOutput("SO", DataType::kInt32, shape);
  std::memcpy(state->Allocate(values.size() * sizeof(int32_t)), values.data(), values.size() * sizeof(int32_t));
  state->Update();
}

TEST(SequenceStatesTest, TheOutputIsTheNextInput) {
  for (const bool in_place : {false, true}) {
    const std::vector<StateSpec> specs = {Spec(in_place, {1, 2}, {5, 6})};
    SequenceStates states(specs);
    const auto step = [&](int32_t by) {
      SequenceState* const state = *states.NewOutput("SO", DataType::kInt32, Shape{1, 2});
      auto request = InferenceRequest::Create(test::MakeModel(R"(name: "m")"), -1);
      states.InjectInto(*request);
      std::vector<int32_t> values = ValuesOf(*request->FindInput("SI"));
      EXPECT_EQ(request->FindInput("SI")->shape(), (Shape{1, 2}));
      auto* const out = static_cast<int32_t*>(state->Allocate(2 * sizeof(int32_t)));
      EXPECT_EQ(out == request->FindInput("SI")->buffers()[0].base, in_place);
      for (size_t i = 0; i < 2; ++i) out[i] = values[i] + by;
      state->Update();
      return values;
    };
    EXPECT_THAT(step(1), ElementsAre(5, 6));
    EXPECT_THAT(step(10), ElementsAre(6, 7));
    EXPECT_THAT(step(0), ElementsAre(16, 17));
    states.Reset();
    EXPECT_THAT(step(0), ElementsAre(5, 6)) << "what every sequence begins with was not written to";
    EXPECT_EQ(states.NewOutput("SI", DataType::kInt32, Shape{1, 2}).error().message(),
              "state 'SI' is not a valid state name.");
    EXPECT_EQ(states.NewOutput("SO", DataType::kFp32, Shape{1, 2}).error().message(),
              "state 'SO': expected datatype INT32, got FP32");
  }
}

TEST(SequenceStatesTest, AStateInPlaceKeepsWhatItHoldsWhenItGrows) {
  const std::vector<StateSpec> specs = {Spec(true, {1, 2}, {5, 6})};
  SequenceStates states(specs);
  SequenceState* const state = *states.NewOutput("SO", DataType::kInt32, Shape{1, 100});
  auto* const out = static_cast<int32_t*>(state->Allocate(100 * sizeof(int32_t)));
  EXPECT_EQ(out[0], 5);
  EXPECT_EQ(out[1], 6);
}

// The GPU's memory is the stand-in's.
class GpuStatesTest : public ::testing::Test {
 protected:
  void SetUp() override { setenv("NESO_CUDA_DRIVER", NESO_FAKE_CUDA_DRIVER, 1); }
  void TearDown() override {
    unsetenv("NESO_CUDA_DRIVER");
    EXPECT_EQ(FakeCudaCountsNow(), FakeCudaState());
  }
  // What the next request gets, and where it lies.
  static std::pair<std::vector<int32_t>, BufferAttributes> Next(const SequenceStates& states) {
    auto request = InferenceRequest::Create(test::MakeModel(R"(name: "m")"), -1);
    states.InjectInto(*request);
    const InputBuffer& buffer = request->FindInput("SI")->buffers()[0];
    const BufferAttributes& from = buffer.attributes;
    std::vector<int32_t> values(from.byte_size / sizeof(int32_t));
    EXPECT_TRUE(
        CopyMemory({.data = values.data()}, {buffer.base, from.memory_type, from.memory_type_id}, from.byte_size).ok());
    return {values, from};
  }
  // Puts one more behind what the state holds; where it has been put.
  static MemoryPlace AppendOnGpu(SequenceStates& states, int64_t device_id, int32_t value) {
    std::vector<int32_t> values = Next(states).first;
    values.push_back(value);
    const size_t byte_size = values.size() * sizeof(int32_t);
    SequenceState* const state =
        *states.NewOutput("SO", DataType::kInt32, Shape{1, static_cast<int64_t>(values.size())});
    const MemoryPlace place = state->AllocateOnGpu(byte_size, device_id);
    EXPECT_TRUE(CopyMemory(place, {.data = values.data()}, byte_size).ok());
    state->Update();
    return place;
  }
};

TEST_F(GpuStatesTest, TheOutputIsTheNextInputOnTheGpu) {
  for (const bool in_place : {false, true}) {
    const std::vector<StateSpec> specs = {Spec(in_place, {1, 1}, {5})};
    SequenceStates states(specs);
    EXPECT_EQ(Next(states).second.memory_type, MemoryType::kCpu);
    for (int32_t i = 0; i < 100; ++i) EXPECT_EQ(AppendOnGpu(states, 1, i).type, MemoryType::kGpu);
    const auto [values, attributes] = Next(states);
    EXPECT_EQ(values.size(), 101U);
    EXPECT_EQ(values[0], 5);
    EXPECT_EQ(values[100], 99);
    EXPECT_EQ(attributes.memory_type, MemoryType::kGpu);
    EXPECT_EQ(attributes.memory_type_id, 1);
    states.Reset();
    EXPECT_THAT(Next(states).first, ElementsAre(5));
  }
}

TEST_F(GpuStatesTest, AStateInPlaceHoldsWhatItHeldWhereverItMoves) {
  const std::vector<StateSpec> specs = {Spec(true, {1, 1}, {5})};
  SequenceStates states(specs);
  SequenceState* const state = *states.NewOutput("SO", DataType::kInt32, Shape{1, 1});
  state->AllocateOnGpu(sizeof(int32_t), 0);
  state->Update();
  EXPECT_THAT(Next(states).first, ElementsAre(5));
  EXPECT_EQ(*static_cast<int32_t*>(state->Allocate(sizeof(int32_t))), 5);
  state->Update();
  EXPECT_EQ(Next(states).second.memory_type, MemoryType::kCpu);
}

TEST_F(GpuStatesTest, AGrowingStateStaysWhereItIs) {
  std::vector<StateSpec> specs = {Spec(true, {1, 1}, {5})};
  specs[0].grows = true;
  specs[0].gpu_addresses = {{0, 8 << 20}};
  SequenceStates states(specs);
  const MemoryPlace first = AppendOnGpu(states, 0, 6);
  SequenceState* const state = *states.NewOutput("SO", DataType::kInt32, Shape{1, 1 << 20});
  EXPECT_EQ(state->AllocateOnGpu(4 << 20, 0).data, first.data);
  state->Update();
  EXPECT_EQ(Next(states).first[1], 6);
  EXPECT_EQ(AppendOnGpu(states, 0, 7).data, first.data);
  EXPECT_EQ(state->AllocateOnGpu(9 << 20, 0).type, MemoryType::kCpu) << "beyond the addresses it is the host's";
}

TEST_F(GpuStatesTest, WhereThereIsNoGpuTheHostKeepsIt) {
  const std::vector<StateSpec> specs = {Spec(false, {1, 1}, {5})};
  SequenceStates states(specs);
  EXPECT_EQ(AppendOnGpu(states, 9, 6).type, MemoryType::kCpu);
  EXPECT_THAT(Next(states).first, ElementsAre(5, 6));
}

TEST(SequenceStatesTest, AStateThatIsNotUpdatedStays) {
  const std::vector<StateSpec> specs = {Spec(false, {1, 1}, {5})};
  SequenceStates states(specs);
  *static_cast<int32_t*>((*states.NewOutput("SO", DataType::kInt32, Shape{1, 1}))->Allocate(sizeof(int32_t))) = 7;
  auto request = InferenceRequest::Create(test::MakeModel(R"(name: "m")"), -1);
  states.InjectInto(*request);
  EXPECT_THAT(ValuesOf(*request->FindInput("SI")), ElementsAre(5));
}

class StatefulModelTest : public test::SequenceTest {
 protected:
  // Appends to the state of each row, and logs what the state was.
  FakeInstance::Body Appending() {
    return [this](std::span<InferenceRequest* const> requests) {
      std::string rows;
      for (InferenceRequest* request : requests) {
        rows += "[" + fmt::format("{}", fmt::join(ValuesOf(*request->FindInput("SI")), " ")) + "]";
        Append(*request, request->is_null() ? -1 : request->id()[0] - '0');
      }
      states_.push_back(rows);
      test::AnswerAll(requests);
    };
  }
  void SendAndWait(const std::string& id, uint64_t sequence, uint32_t flags) {
    EXPECT_TRUE(Send(id, sequence, flags).ok());
    requester_.WaitFor(++sent_);
  }
  size_t sent_ = 0;
  std::vector<std::string> states_;
};

constexpr const char* kState = R"(state { input_name: "SI" output_name: "SO" data_type: TYPE_INT32 dims: -1 })";

TEST_F(StatefulModelTest, EverySequenceHasItsOwnState) {
  for (const char* strategy : {"oldest { max_candidate_sequences: 4 }", "direct { }"}) {
    Load(fmt::format("max_batch_size: 4 sequence_batching {{ {} {} }}", strategy, kState), {Appending()},
         {Spec(false, {1, 1}, {0})});
    SendAndWait("1", 1, kStart);
    SendAndWait("2", 2, kStart);
    SendAndWait("3", 1, 0);
    SendAndWait("4", 1, kStart);
    SendAndWait("5", 1, kEnd);
    SendAndWait("6", 2, kEnd);
    const bool direct = std::string(strategy).starts_with("direct");
    // A row without request has zeros of the others' shape.
    EXPECT_THAT(states_, ElementsAre("[0]", direct ? "[0][0]" : "[0]", "[0 1]", "[0]", "[0 4]",
                                     direct ? "[0 0][0 2]" : "[0 2]"));
    states_.clear();
  }
}

TEST_F(StatefulModelTest, StatesOfDifferentShapesAreNotBatched) {
  Load(fmt::format("max_batch_size: 4 sequence_batching {{ oldest {{ max_candidate_sequences: 4 }} {} }}", kState),
       {Appending()}, {Spec(true, {1, 1}, {0})});
  SendAndWait("1", 1, kStart);
  {
    test::ManualHost host;
    for (uint64_t sequence = 1; sequence <= 3; ++sequence)
      EXPECT_TRUE(Send("2", sequence, sequence > 1 ? kStart : 0).ok());
    host.RunDeferred();
  }
  requester_.WaitFor(4);
  EXPECT_THAT(states_, ElementsAre("[0]", "[0 1]", "[0][0]"));
}

}  // namespace
}  // namespace neso
