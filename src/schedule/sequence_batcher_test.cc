#include "schedule/sequence_batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/test_support.h"
#include "schedule/sequence_test_support.h"

namespace neso {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using test::FakeInstance;
using test::Gate;
using test::kEnd;
using test::kStart;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SequenceBatcherTest : public test::SequenceTest {};

constexpr const char* kDirect =
    "max_batch_size: 4 sequence_batching { direct { } max_sequence_idle_microseconds: 1000 }";
constexpr const char* kOldest =
    "max_batch_size: 4 sequence_batching { oldest { max_candidate_sequences: 2 } max_sequence_idle_microseconds: 1000 }";

TEST_F(SequenceBatcherTest, GivesEachSequenceARowOfItsOwn) {
  Load(kDirect, {Gated()});
  EXPECT_TRUE(Send("a", 1, kStart).ok());
  gate_.WaitForArrivals(1);
  EXPECT_TRUE(Send("p", 2, kStart).ok());
  EXPECT_TRUE(Send("x", 3, kStart).ok());
  EXPECT_TRUE(Send("b", 1, kEnd).ok());
  EXPECT_TRUE(Send("y", 3, kEnd).ok());
  gate_.Open();
  requester_.WaitFor(5);
  EXPECT_THAT(batches(), ElementsAre("a", "bpx", "..y"));
}

TEST_F(SequenceBatcherTest, RowsWithoutRequestAreNotCounted) {
  Load(kDirect, {Logged()});
  EXPECT_TRUE(Send("a", 1, kStart).ok());
  EXPECT_TRUE(Send("x", 2, kStart).ok());
  requester_.WaitFor(2);
  EXPECT_TRUE(Send("y", 2, kEnd).ok());
  requester_.WaitFor(3);
  EXPECT_EQ(batches().back(), ".y");
  EXPECT_EQ(requester_.answers().size(), 3);
  EXPECT_EQ(model_->statistics().pending(), 0);
  while (model_->InflightCount() > 0) std::this_thread::yield();
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which end where operator new fails
TEST_F(SequenceBatcherTest, ARequestThatNeedsMoreMemoryForEmptyRowsThanThereIsFailsAlone) {
  Load(kDirect, {Logged()});
  EXPECT_TRUE(Send("a", 1, kStart).ok());
  EXPECT_TRUE(Send("x", 2, kStart).ok());
  requester_.WaitFor(2);
  // The row of the first sequence would be as many zeros.
  auto huge = Make("y", CorrelationId(uint64_t{2}), 0, int64_t{1} << 60);
  ASSERT_TRUE(InferenceRequest::Submit(huge).ok());
  requester_.WaitFor(3);
  EXPECT_EQ(AnswerTo("y").ToString(), "Unavailable: out of memory");
  EXPECT_TRUE(Send("z", 2, kEnd).ok());
  requester_.WaitFor(4);
  EXPECT_TRUE(Send("b", 1, kEnd).ok());
  requester_.WaitFor(5);
  EXPECT_TRUE(AnswerTo("z").ok() && AnswerTo("b").ok());
  EXPECT_THAT(batches(), ::testing::IsSupersetOf({"b", ".z"}));
  EXPECT_TRUE(test::Eventually([&] { return model_->InflightCount() == 0; }));
}
#endif

TEST_F(SequenceBatcherTest, SpreadsSequencesOverInstancesAndKeepsEachOnItsOwn) {
  Load(kDirect, {GatedBy(gate_), GatedBy(again_)});
  EXPECT_TRUE(Send("a", 1, kStart).ok());
  EXPECT_TRUE(Send("x", 2, kStart).ok());
  gate_.WaitForArrivals(1);
  again_.WaitForArrivals(1);
  again_.Open();
  EXPECT_TRUE(Send("b", 1, kEnd).ok());
  EXPECT_TRUE(Send("y", 2, kEnd).ok());
  requester_.WaitFor(2);
  EXPECT_THAT(requester_.answered_ids(), ElementsAre("x", "y")) << "the other instance is free, and not taken";
  gate_.Open();
  requester_.WaitFor(4);
}

TEST_F(SequenceBatcherTest, RefusesWhatBelongsToNoSequence) {
  Load(kDirect, {Logged()});
  EXPECT_EQ(Send("a", 0, kStart).message(),
            "inference request to model 'm' must specify a non-zero or non-empty correlation ID");
  auto nameless = Make("a", CorrelationId(std::string()), kStart);
  EXPECT_EQ(InferenceRequest::Submit(nameless).message(),
            "inference request to model 'm' must specify a non-zero or non-empty correlation ID");
  EXPECT_EQ(Send("a", 7).ToString(),
            "Invalid argument: inference request for sequence 7 to model 'm' must specify the START flag on the first "
            "request of the sequence");
  auto text = Make("a", CorrelationId(std::string("seven")), kEnd);
  EXPECT_THAT(InferenceRequest::Submit(text).message(), HasSubstr("for sequence seven to model"));
  auto two_rows = requester_.Make(model_);
  two_rows->SetCorrelationId(CorrelationId(7));
  EXPECT_TRUE(two_rows->AddInput("a", DataType::kInt8, Shape{2, 1}).ok());
  BufferAttributes attributes;
  attributes.byte_size = 2;
  EXPECT_TRUE(two_rows->AppendInputData("a", zeros_.data(), attributes).ok());
  EXPECT_EQ(InferenceRequest::Submit(two_rows).message(),
            "inference request to model 'm' must specify batch-size 1 due to requirements of sequence batcher");
}

TEST_F(SequenceBatcherTest, AnEndedSequenceHasToStartAgain) {
  for (const char* strategy : {kDirect, kOldest}) {
    Load(strategy, {Logged()});
    EXPECT_TRUE(Send("a", 1, kStart | kEnd).ok());
    EXPECT_THAT(Send("b", 1).message(), HasSubstr("must specify the START flag"));
    EXPECT_TRUE(Send("c", 1, kStart).ok());
    EXPECT_TRUE(Send("d", 1, kStart).ok()) << "it begins anew, with a warning";
    EXPECT_TRUE(Send("e", 1, kEnd).ok());
  }
  requester_.WaitFor(8);
}

TEST_F(SequenceBatcherTest, ExecutesOneRequestOfASequenceAtATime) {
  Load(kOldest, {Gated()});
  EXPECT_TRUE(Send("a", 1, kStart).ok());
  gate_.WaitForArrivals(1);
  EXPECT_TRUE(Send("b", 1).ok());
  EXPECT_TRUE(Send("c", 1, kEnd).ok());
  EXPECT_TRUE(Send("x", 2, kStart).ok());
  gate_.Open();
  requester_.WaitFor(4);
  EXPECT_THAT(batches(), ElementsAre("a", "xb", "c"));
}

TEST_F(SequenceBatcherTest, SequencesWithoutSlotWaitTheirTurn) {
  Load(kOldest, {Gated()});
  EXPECT_TRUE(Send("a", 1, kStart).ok());
  gate_.WaitForArrivals(1);
  EXPECT_TRUE(Send("p", 2, kStart).ok());
  EXPECT_TRUE(Send("x", 3, kStart).ok());
  EXPECT_TRUE(Send("u", 4, kStart | kEnd).ok());
  EXPECT_TRUE(Send("y", 3, kEnd).ok());
  gate_.Open();
  requester_.WaitFor(2);
  EXPECT_EQ(model_->statistics().pending(), 3);
  EXPECT_TRUE(Send("b", 1, kEnd).ok());
  requester_.WaitFor(6);
  EXPECT_THAT(batches(), ElementsAre("a", "p", "b", "x", "y", "u"));
}

TEST_F(SequenceBatcherTest, AnIdleSequenceLosesItsSlot) {
  for (const char* strategy : {kDirect, kOldest}) {
    Load(strategy, {Logged()});
    const size_t before = requester_.releases();
    EXPECT_TRUE(Send("a", 1, kStart).ok());
    requester_.WaitFor(before + 1);
    Advance(microseconds(600));
    EXPECT_TRUE(Send("b", 1).ok());
    requester_.WaitFor(before + 2);
    Advance(microseconds(600));
    EXPECT_TRUE(Send("c", 1).ok()) << "idle since its last request only";
    requester_.WaitFor(before + 3);
    Advance(microseconds(1000));
    EXPECT_THAT(Send("d", 1).message(), HasSubstr("must specify the START flag"));
  }
}

TEST_F(SequenceBatcherTest, ASequenceThatExecutesIsNotIdle) {
  Load("sequence_batching { max_sequence_idle_microseconds: 1000 }", {Gated()});
  EXPECT_TRUE(Send("a", 1, kStart).ok());
  gate_.WaitForArrivals(1);
  Advance(milliseconds(5));
  EXPECT_TRUE(Send("b", 1, kEnd).ok());
  gate_.Open();
  requester_.WaitFor(2);
}

TEST_F(SequenceBatcherTest, AnIdleSequenceMakesRoomForTheBacklog) {
  Load("sequence_batching { max_sequence_idle_microseconds: 1000 }", {Logged()});
  EXPECT_TRUE(Send("a", 1, kStart).ok());
  requester_.WaitFor(1);
  EXPECT_TRUE(Send("x", 2, kStart | kEnd).ok());
  EXPECT_EQ(requester_.releases(), 1);
  Advance(milliseconds(1));
  requester_.WaitFor(2);
  EXPECT_TRUE(AnswerTo("x").ok());
}

TEST_F(SequenceBatcherTest, TheTimeoutBoundsTheWaitInTheBacklog) {
  Load("sequence_batching { max_sequence_idle_microseconds: 1000000 }", {Logged()});
  EXPECT_TRUE(Send("a", 1, kStart).ok());
  requester_.WaitFor(1);
  EXPECT_TRUE(Send("x", 2, kStart, 5000).ok());
  EXPECT_TRUE(Send("y", 2, 0, 2000).ok());
  EXPECT_TRUE(Send("u", 3, kStart | kEnd).ok());
  Advance(microseconds(2000));
  requester_.WaitFor(3);
  EXPECT_EQ(AnswerTo("x").ToString(), "Unavailable: timeout of the corresponding sequence has been expired");
  EXPECT_EQ(AnswerTo("y").message(), AnswerTo("x").message()) << "the sequence goes as a whole";
  EXPECT_THAT(Send("z", 2).message(), HasSubstr("must specify the START flag"));
  EXPECT_TRUE(Send("b", 1, kEnd).ok());
  requester_.WaitFor(5);
  EXPECT_TRUE(AnswerTo("u").ok());
  EXPECT_EQ(model_->statistics().Snapshot().failures[static_cast<size_t>(InferenceRequest::FailureReason::kRejected)],
            2);
}

TEST_F(SequenceBatcherTest, CancellingOneRequestCancelsItsSequence) {
  for (const char* strategy : {kDirect, kOldest}) {
    Gate gate;
    Load(strategy, {GatedBy(gate)});
    const size_t before = requester_.releases();
    const std::string name = strategy == kDirect ? "d" : "o";
    EXPECT_TRUE(Send(name + "1", 1, kStart).ok());
    gate.WaitForArrivals(1);
    EXPECT_TRUE(Send(name + "2", 1).ok());
    auto last = Make(name + "3", CorrelationId(1), 0);
    const std::shared_ptr<ResponseFactory> factory = last->shared_response_factory();
    EXPECT_TRUE(InferenceRequest::Submit(last).ok());
    EXPECT_TRUE(Send(name + "x", 2, kStart | kEnd).ok());
    factory->Cancel();
    requester_.WaitFor(before + 2);
    EXPECT_EQ(AnswerTo(name + "2").message(), "Request cancelled");
    EXPECT_EQ(AnswerTo(name + "3").message(), "Request cancelled");
    EXPECT_THAT(Send(name + "4", 1).message(), HasSubstr("must specify the START flag"));
    gate.Open();
    requester_.WaitFor(before + 4);
    EXPECT_TRUE(AnswerTo(name + "x").ok());
  }
}

TEST_F(SequenceBatcherTest, AClientThatHasItsAnswerMayGoAway) {
  Load(kDirect, {[&](std::span<InferenceRequest* const> requests) {
         const std::shared_ptr<ResponseFactory> factory = requests[0]->shared_response_factory();
         InferenceResponse::Send(factory->CreateResponse(factory), TRITONSERVER_RESPONSE_COMPLETE_FINAL);
         factory->Cancel();
         InferenceRequest::Release(std::unique_ptr<InferenceRequest>(requests[0]), TRITONSERVER_REQUEST_RELEASE_ALL);
       }});
  EXPECT_TRUE(Send("a", 1, kStart).ok());
  requester_.WaitFor(1);
  EXPECT_TRUE(Send("b", 1, kEnd).ok());
  requester_.WaitFor(2);
}

TEST_F(SequenceBatcherTest, AStoppedSchedulerEndsWhatHasStarted) {
  Load("sequence_batching { max_sequence_idle_microseconds: 1000 }", {Logged()});
  EXPECT_TRUE(Send("a", 1, kStart).ok());
  requester_.WaitFor(1);
  model_->scheduler().Stop();
  EXPECT_EQ(Send("x", 2, kStart).message(),
            "[request id: x] Server is stopping, scheduler for model has stopped accepting new inference requests");
  EXPECT_TRUE(Send("b", 1, kEnd).ok());
  requester_.WaitFor(2);
}

TEST_F(SequenceBatcherTest, AStopExecutesTheBacklogWithoutWaitingForIdleSequences) {
  Load("sequence_batching { max_sequence_idle_microseconds: 1000 }", {Logged()});
  EXPECT_TRUE(Send("a", 1, kStart).ok());
  requester_.WaitFor(1);
  EXPECT_TRUE(Send("x", 2, kStart).ok());
  EXPECT_TRUE(Send("u", 3, kStart).ok());
  model_->scheduler().Stop();
  requester_.WaitFor(3);
  EXPECT_THAT(batches(), ElementsAre("a", "x", "u"));
}

TEST_F(SequenceBatcherTest, WaitsForSlotsToFillWhenAskedTo) {
  Load(R"(max_batch_size: 4 sequence_batching {
            direct { minimum_slot_utilization: 0.5 max_queue_delay_microseconds: 100 } })",
       {Logged()});
  EXPECT_TRUE(Send("a", 1, kStart).ok());
  EXPECT_EQ(requester_.releases(), 0);
  EXPECT_TRUE(Send("x", 2, kStart).ok());
  requester_.WaitFor(2);
  EXPECT_TRUE(Send("b", 1).ok());
  EXPECT_EQ(requester_.releases(), 2);
  Advance(microseconds(100));
  requester_.WaitFor(3);
  EXPECT_THAT(batches(), ElementsAre("ax", "b"));
}

TEST_F(SequenceBatcherTest, ShapesThatDifferGoInBatchesOfTheirOwn) {
  Load(kDirect, {Gated()});
  EXPECT_TRUE(Send("a", 1, kStart).ok());
  gate_.WaitForArrivals(1);
  auto longer = Make("x", CorrelationId(2), kStart, 3);
  EXPECT_TRUE(InferenceRequest::Submit(longer).ok());
  EXPECT_TRUE(Send("u", 3, kStart).ok());
  EXPECT_TRUE(Send("b", 1).ok());
  gate_.Open();
  requester_.WaitFor(4);
  EXPECT_THAT(batches(), ElementsAre("a", ".x", "b.u"));
}

TEST_F(SequenceBatcherTest, ASequenceThatSendsAheadDoesNotHoldUpOneOfAnotherShape) {
  Load(kDirect, {Gated()});
  EXPECT_TRUE(Send("a", 1, kStart).ok());
  gate_.WaitForArrivals(1);
  for (const char* const id : {"b", "c", "d", "e"}) EXPECT_TRUE(Send(id, 1).ok());
  auto longer = Make("x", CorrelationId(2), kStart, 3);
  EXPECT_TRUE(InferenceRequest::Submit(longer).ok());
  gate_.Open();
  requester_.WaitFor(6);
  EXPECT_THAT(batches(), ElementsAre("a", ".x", "b", "c", "d", "e"));
}

std::string Hex(const Input& input) {
  std::string text = fmt::format("{}{}", DataTypeName(input.datatype()), ShapeText(input.shape()));
  for (const InputBuffer& buffer : input.buffers()) {
    for (size_t i = 0; i < buffer.attributes.byte_size; ++i) {
      text += fmt::format(" {:02x}", static_cast<const unsigned char*>(buffer.base)[i]);
    }
  }
  return text;
}

TEST_F(SequenceBatcherTest, ControlInputsTellWhereInTheSequenceARequestStands) {
  std::vector<std::string> seen;
  Load(R"(max_batch_size: 2 sequence_batching {
    control_input { name: "S" control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 7, 258 ] } }
    control_input { name: "E" control { kind: CONTROL_SEQUENCE_END fp32_false_true: [ 0, 1 ] } }
    control_input { name: "R" control { kind: CONTROL_SEQUENCE_READY bool_false_true: [ false, true ] } }
    control_input { name: "C" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 } } })",
       {[&](std::span<InferenceRequest* const> requests) {
         for (InferenceRequest* request : requests) {
           std::string text;
           for (const char* name : {"S", "E", "R", "C"}) text += Hex(*request->FindInput(name)) + ", ";
           seen.push_back(text);
         }
         test::AnswerAll(requests);
       }});
  EXPECT_TRUE(Send("a", 0x0102, kStart).ok());
  requester_.WaitFor(1);
  EXPECT_TRUE(Send("b", 0x0102).ok());
  requester_.WaitFor(2);
  EXPECT_TRUE(Send("x", 3, kStart | kEnd).ok());
  requester_.WaitFor(3);
  constexpr const char* kId = "UINT64[1,1] 02 01 00 00 00 00 00 00, ";
  EXPECT_THAT(seen, ElementsAre(std::string("INT32[1,1] 02 01 00 00, FP32[1,1] 00 00 00 00, BOOL[1,1] 01, ") + kId,
                                std::string("INT32[1,1] 07 00 00 00, FP32[1,1] 00 00 00 00, BOOL[1,1] 01, ") + kId,
                                "INT32[1,1] 07 00 00 00, FP32[1,1] 00 00 00 00, BOOL[1,1] 00, "
                                "UINT64[1,1] 00 00 00 00 00 00 00 00, ",
                                "INT32[1,1] 02 01 00 00, FP32[1,1] 00 00 80 3f, BOOL[1,1] 01, "
                                "UINT64[1,1] 03 00 00 00 00 00 00 00, "));
}

TEST_F(SequenceBatcherTest, TheCorrelationInputHasTheTypeTheModelTakes) {
  struct Case {
    const char* type;
    CorrelationId id;
    const char* expected;
  };
  const Case cases[] = {
      {"TYPE_INT64", CorrelationId(258), "INT64[1] 02 01 00 00 00 00 00 00"},
      {"TYPE_UINT32", CorrelationId(258), "UINT32[1] 02 01 00 00"},
      {"TYPE_INT32", CorrelationId(0x1'0000'0003), "INT32[1] 03 00 00 00"},
      {"TYPE_STRING", CorrelationId(std::string("ab")), "BYTES[1] 02 00 00 00 61 62"},
  };
  size_t sent = 0;
  for (const Case& c : cases) {
    std::string seen;
    Load(fmt::format("sequence_batching {{ control_input {{ name: 'C' control {{ kind: CONTROL_SEQUENCE_CORRID "
                     "data_type: {} }} }} }}",
                     c.type),
         {[&](std::span<InferenceRequest* const> requests) {
           seen = Hex(*requests[0]->FindInput("C"));
           test::AnswerAll(requests);
         }});
    auto request = Make("a", c.id, kStart | kEnd);
    EXPECT_TRUE(InferenceRequest::Submit(request).ok());
    requester_.WaitFor(++sent);
    EXPECT_EQ(seen, c.expected);
  }
}

TEST_F(SequenceBatcherTest, RefusesAnIdThatTheModelCannotTake) {
  Load(R"(sequence_batching { control_input { name: "C" control {
            kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 } } })",
       {Logged()});
  auto text = Make("a", CorrelationId(std::string("x")), kStart);
  EXPECT_EQ(InferenceRequest::Submit(text).message(),
            "[request id: a] sequence batching control 'C' data-type is 'BYTES', but model 'm' expects 'UINT64'");
  Load(R"(sequence_batching { control_input { name: "C" control {
            kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_STRING } } })",
       {Logged()});
  EXPECT_EQ(Send("a", 3, kStart).message(),
            "[request id: a] sequence batching control 'C' data-type is 'UINT64', but model 'm' expects 'BYTES'");
}

TEST_F(SequenceBatcherTest, AnInstanceThatLeavesEndsItsSequencesFirst) {
  Load("sequence_batching { max_sequence_idle_microseconds: 1000 }", {Logged(), Logged()});
  EXPECT_TRUE(Send("a", 1, kStart).ok());
  EXPECT_TRUE(Send("x", 2, kStart).ok());
  requester_.WaitFor(2);
  FakeInstance added(Logged());
  std::thread update([&] { EXPECT_TRUE(model_->scheduler().UpdateInstances({&added}).ok()); });
  EXPECT_TRUE(Send("b", 1, kEnd).ok());
  EXPECT_TRUE(Send("y", 2, kEnd).ok());
  update.join();
  EXPECT_TRUE(Send("u", 3, kStart | kEnd).ok());
  requester_.WaitFor(5);
  while (model_->InflightCount() > 0) std::this_thread::yield();
  model_.reset();
}

// Many sequences at once, some of which stop halfway: every request is answered, in order within its sequence, and a
// row never has two sequences at once.
TEST_F(SequenceBatcherTest, ManySequencesFromManyThreads) {
  for (const char* strategy : {kDirect, kOldest}) {
    Mutex mutex;
    std::map<uint64_t, std::string> orders;
    const auto body = [&](std::span<InferenceRequest* const> requests) {
      {
        MutexLock lock(mutex);
        for (const InferenceRequest* request : requests) {
          if (!request->is_null()) orders[request->correlation_id().number()] += request->id();
        }
      }
      test::AnswerAll(requests);
    };
    Load(strategy, {body, body, body});
    const size_t before = requester_.releases();
    std::atomic<size_t> sent{0};
    std::vector<std::thread> clients;
    for (uint64_t client = 0; client < 4; ++client) {
      clients.emplace_back([&, client] {
        for (uint64_t i = 0; i < 50; ++i) {
          const uint64_t sequence = 1 + client * 50 + i;
          const char last = static_cast<char>('a' + (sequence * 7) % 12);
          for (char id = 'a'; id <= last; ++id) {
            const bool ends = id == last && sequence % 5 != 0;
            EXPECT_TRUE(Send(std::string(1, id), sequence, (id == 'a' ? kStart : 0) | (ends ? kEnd : 0)).ok());
            ++sent;
          }
        }
      });
    }
    for (std::thread& client : clients) client.join();
    while (requester_.releases() < before + sent) {
      Advance(milliseconds(1));
      std::this_thread::yield();
    }
    MutexLock lock(mutex);
    for (const auto& [sequence, order] : orders) {
      EXPECT_TRUE(std::is_sorted(order.begin(), order.end())) << sequence << ": " << order;
      EXPECT_EQ(order.size(), 1 + (sequence * 7) % 12) << order;
    }
    EXPECT_EQ(orders.size(), 200);
  }
}

}  // namespace
}  // namespace neso
