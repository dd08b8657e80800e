// The states of sequences, from one request to the next.
#include "core/sequence_state.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

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
