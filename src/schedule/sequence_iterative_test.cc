// Requests that the model asks for again and again: "iterative_sequence".
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>

#include "schedule/sequence_test_support.h"

namespace neso {
namespace {

using test::FakeInstance;
using test::kEnd;
using test::kStart;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

void ReleaseToComeAgain(InferenceRequest* request) {
  InferenceRequest::Release(std::unique_ptr<InferenceRequest>(request), TRITONSERVER_REQUEST_RELEASE_RESCHEDULE);
}

class IterativeSequenceTest : public test::SequenceTest {
 protected:
  // Executes a request as often as its id says, one letter a round.
  FakeInstance::Body Rounds() {
    return [this](std::span<InferenceRequest* const> requests) {
      Log(requests);
      for (InferenceRequest* request : requests) {
        const uint64_t round = ++rounds_[request->correlation_id().number()];
        if (round < request->id().size()) {
          ReleaseToComeAgain(request);
        } else {
          test::AnswerAndRelease(request);
        }
      }
    };
  }
  std::map<uint64_t, uint64_t> rounds_;
};

constexpr const char* kOldest =
    "max_batch_size: 4 sequence_batching { iterative_sequence: true oldest { max_candidate_sequences: 3 } }";

TEST_F(IterativeSequenceTest, ARequestWithoutIdIsASequenceOfItsOwn) {
  std::vector<std::string> seen;
  constexpr uint64_t kBeforeGenerated = 0x4000'0000'4000'0000;
  Load("max_batch_size: 1 sequence_batching { iterative_sequence: true }",
       {[&](std::span<InferenceRequest* const> requests) {
         InferenceRequest* const request = requests[0];
         seen.push_back(fmt::format("{}{} flags {}", request->id(),
                                    request->correlation_id().number() - kBeforeGenerated, request->flags()));
         seen.size() % 3 == 0 ? test::AnswerAndRelease(request) : ReleaseToComeAgain(request);
       }});
  EXPECT_TRUE(Send("a", 0).ok());
  requester_.WaitFor(1);
  EXPECT_TRUE(Send("b", 0).ok());
  requester_.WaitFor(2);
  EXPECT_THAT(seen, ElementsAre("a1 flags 1", "a1 flags 0", "a1 flags 0", "b2 flags 1", "b2 flags 0", "b2 flags 0"));
}

TEST_F(IterativeSequenceTest, GeneratedIdsAreTextsWhereTheModelTakesTexts) {
  std::string seen;
  Load(R"(sequence_batching { iterative_sequence: true control_input { name: "C" control {
            kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_STRING } } })",
       {[&](std::span<InferenceRequest* const> requests) {
         seen = requests[0]->correlation_id().text();
         test::AnswerAll(requests);
       }});
  EXPECT_TRUE(Send("a", 0).ok());
  requester_.WaitFor(1);
  EXPECT_EQ(seen, std::to_string(0x4000'0000'4000'0001));
}

TEST_F(IterativeSequenceTest, NobodyJoinsARequestWithoutId) {
  std::atomic<uint64_t> given{0};
  Load(kOldest, {[&](std::span<InferenceRequest* const> requests) {
         given = requests[0]->correlation_id().number();
         gate_.Pass();
         test::AnswerAll(requests);
       }});
  EXPECT_TRUE(Send("a", 0).ok());
  gate_.WaitForArrivals(1);
  for (const uint32_t flags : {0U, kStart, kEnd}) {
    EXPECT_EQ(Send("b", given, flags).message(),
              fmt::format("expected another correlation ID than {}: model 'm' has given it to a request that came "
                          "without one",
                          given.load()));
  }
  gate_.Open();
  requester_.WaitFor(1);
  EXPECT_TRUE(Send("c", given, kStart).ok()) << "it is free again";
  requester_.WaitFor(2);
}

TEST_F(IterativeSequenceTest, RoundsOfDifferentRequestsAreBatched) {
  Load(kOldest, {[this, rounds = Rounds()](std::span<InferenceRequest* const> requests) {
         gate_.Pass();
         rounds(requests);
       }});
  EXPECT_TRUE(Send("aaa", 11, kStart).ok());
  gate_.WaitForArrivals(1);
  EXPECT_TRUE(Send("bb", 12, kStart).ok());
  EXPECT_TRUE(Send("c", 13, kStart).ok());
  EXPECT_TRUE(Send("d", 14, kStart).ok()) << "waits for a slot";
  gate_.Open();
  requester_.WaitFor(4);
  EXPECT_THAT(batches(), ElementsAre("aaa", "bbcaaa", "bbdaaa"));
  EXPECT_EQ(model_->statistics().pending(), 0);
}

TEST_F(IterativeSequenceTest, TheLastRoundEndsTheSequence) {
  Load(kOldest, {Rounds()});
  EXPECT_TRUE(Send("aa", 7, kStart).ok());
  requester_.WaitFor(1);
  EXPECT_THAT(Send("b", 7).message(), HasSubstr("must specify the START flag"));
}

TEST_F(IterativeSequenceTest, ResponsesStayInOrder) {
  Load(
      "max_batch_size: 4 sequence_batching { iterative_sequence: true "
      "oldest { max_candidate_sequences: 3 preserve_ordering: true } }",
      {Rounds()});
  {
    test::ManualHost host;
    EXPECT_TRUE(Send("aaa", 11, kStart).ok());
    EXPECT_TRUE(Send("b", 12, kStart).ok());
    host.RunDeferred();
  }
  requester_.WaitFor(2);
  EXPECT_THAT(requester_.answered_ids(), ElementsAre("aaa", "b"));
}

TEST_F(IterativeSequenceTest, ACancelledRequestDoesNotComeAgain) {
  std::shared_ptr<ResponseFactory> factory;
  Load(kOldest, {[&](std::span<InferenceRequest* const> requests) {
         gate_.Pass();
         factory->Cancel();
         ReleaseToComeAgain(requests[0]);
       }});
  auto request = Make("a", CorrelationId(), 0);
  factory = request->shared_response_factory();
  EXPECT_TRUE(InferenceRequest::Submit(request).ok());
  gate_.Open();
  requester_.WaitFor(1);
  EXPECT_EQ(AnswerTo("a").message(), "Request cancelled");
  while (model_->InflightCount() > 0) std::this_thread::yield();
}

TEST_F(IterativeSequenceTest, AHundredThousandRoundsNeedNoStack) {
  int rounds = 0;
  Load("sequence_batching { iterative_sequence: true }", {[&](std::span<InferenceRequest* const> requests) {
         ++rounds < 100'000 ? ReleaseToComeAgain(requests[0]) : test::AnswerAndRelease(requests[0]);
       }});
  EXPECT_TRUE(Send("a", 0).ok());
  requester_.WaitFor(1);
  EXPECT_EQ(rounds, 100'000);
}

}  // namespace
}  // namespace neso
