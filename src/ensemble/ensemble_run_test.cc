#include "ensemble/ensemble_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "base/memory_budget.h"
#include "base/test_support.h"
#include "ensemble/test_support.h"

namespace neso {
namespace {

using test::Called;
using test::Config;
using test::EnsembleConfig;
using test::MakeResponse;
using test::Step;
using test::TextOf;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

using Held = std::vector<std::unique_ptr<InferenceRequest>>;
const Step kFirst = {"a", {{"i", "in"}}, {{"o", "x"}}};
const Step kSecond = {"b", {{"i", "x"}}, {{"o", "out"}}};

class EnsembleRunTest : public testing::Test {
 protected:
  // A model with inputs i (and j), whose requests `function` gets.
  ModelHandle Add(const std::string& name, test::FunctionScheduler::Function function, const std::string& more = "",
                  const std::vector<std::string>& inputs = {"i"}, const std::vector<std::string>& outputs = {"o"}) {
    ModelHandle model = test::MakeModel(Config(name, inputs, outputs, more));
    model->SetScheduler(std::make_unique<test::FunctionScheduler>(std::move(function)));
    finder_.Add(model);
    return model;
  }
  void Add(const std::string& name, const std::vector<std::string>& inputs = {"i"},
           const std::vector<std::string>& outputs = {"o"}) {
    Add(
        name, [](auto request) { test::AnswerAndRelease(std::move(request)); }, "", inputs, outputs);
  }
  // Its requests wait for the test.
  Held& AddHolding(const std::string& name, const std::string& more = "") {
    Held& held = held_[name];
    Add(
        name, [&held](auto request) { held.push_back(std::move(request)); }, more);
    return held;
  }

  ModelHandle MakeEnsemble(const std::string& name, const std::vector<Step>& steps,
                           const std::vector<std::string>& inputs = {"in"},
                           const std::vector<std::string>& outputs = {"out"}, const std::string& more = "") {
    Expected<ModelHandle> ensemble =
        neso::MakeEnsemble("/nowhere", 1, EnsembleConfig(name, inputs, outputs, steps, more), {finder_, executor_, {}});
    CHECK(ensemble.ok(), "the test's ensemble is valid");
    finder_.Add(*ensemble);
    return *ensemble;
  }

  std::unique_ptr<InferenceRequest> Make(const ModelHandle& model, const std::string& id = "",
                                         const std::vector<std::string>& inputs = {"in"}) {
    std::unique_ptr<InferenceRequest> request = requester_.Make(model, id);
    for (const std::string& input : inputs) {
      // Its own name is its content.
      const std::string& text = *texts_.insert(input).first;
      const std::vector<int64_t> shape = {static_cast<int64_t>(text.size())};
      EXPECT_TRUE(request->AddInput(input, DataType::kUint8, shape).ok());
      BufferAttributes attributes;
      attributes.byte_size = text.size();
      EXPECT_TRUE(request->AppendInputData(input, text.data(), attributes).ok());
    }
    return request;
  }
  std::shared_ptr<ResponseFactory> Send(std::unique_ptr<InferenceRequest> request) {
    std::shared_ptr<ResponseFactory> factory = request->shared_response_factory();
    const Status status = InferenceRequest::Submit(request);
    EXPECT_TRUE(status.ok()) << status.message();
    return factory;
  }
  std::shared_ptr<ResponseFactory> Send(const ModelHandle& model) { return Send(Make(model)); }

  std::vector<std::string> Results(const std::string& output = "out") {
    std::vector<std::string> results;
    for (auto& answer : requester_.answers()) {
      if (answer.has_response) results.push_back(answer.status.ok() ? answer.outputs[output] : answer.status.message());
    }
    return results;
  }

  std::set<std::string> texts_;
  std::map<std::string, Held> held_;
  Executor executor_{"test", 8};
  test::Requester requester_;
  test::FakeFinder finder_;
};

TEST_F(EnsembleRunTest, OutputsOfOneStepAreInputsOfTheNext) {
  Add("a");
  Add("b");
  Send(MakeEnsemble("e", {kFirst, kSecond}));
  EXPECT_THAT(Results(), ElementsAre("b(a(in))"));
  EXPECT_EQ(requester_.releases(), 1u);
}

TEST_F(EnsembleRunTest, BranchesRunBesideEachOtherAndJoin) {
  Held& left = AddHolding("left");
  Held& right = AddHolding("right");
  Add("join", {"i", "j"});
  Send(MakeEnsemble("e", {{"left", {{"i", "in"}}, {{"o", "x"}}},
                          {"right", {{"i", "in"}}, {{"o", "y"}}},
                          {"join", {{"i", "x"}, {"j", "y"}}, {{"o", "out"}}}}));
  ASSERT_THAT(left, SizeIs(1));
  ASSERT_THAT(right, SizeIs(1));
  test::AnswerAndRelease(std::move(right[0]));
  EXPECT_THAT(Results(), IsEmpty());
  test::AnswerAndRelease(std::move(left[0]));
  EXPECT_THAT(Results(), ElementsAre("join(left(in),right(in))"));
}

TEST_F(EnsembleRunTest, TensorsAreNotCopiedOnTheirWay) {
  const void* made = nullptr;
  const void* read = nullptr;
  const void* result = nullptr;
  const auto output_of = [](const void*& at) {
    return [&at](std::unique_ptr<InferenceRequest> request) {
      const std::shared_ptr<ResponseFactory> factory = request->shared_response_factory();
      auto response = MakeResponse(factory, {"o"}, Called(*request));
      at = std::as_const(*response).outputs()[0].base();
      InferenceResponse::Send(std::move(response), TRITONSERVER_RESPONSE_COMPLETE_FINAL);
      InferenceRequest::Release(std::move(request), TRITONSERVER_REQUEST_RELEASE_ALL);
    };
  };
  Add("a", output_of(made));
  Add("b", [&](std::unique_ptr<InferenceRequest> request) {
    read = request->inputs()[0].buffers()[0].base;
    output_of(result)(std::move(request));
  });
  Send(MakeEnsemble("e", {kFirst, kSecond}));
  EXPECT_EQ(made, read);
  ASSERT_THAT(requester_.answers(), SizeIs(1));
  // What the last step wrote is where the requester wanted it.
  EXPECT_EQ(requester_.allocations(), std::vector<const void*>{result});
}

TEST_F(EnsembleRunTest, AnOutputThatIsReadTooIsAnsweredWhenItsReaderHasLetItGo) {
  Add("a");
  Held& held = AddHolding("b");
  const ModelHandle ensemble = MakeEnsemble("e", {kFirst, kSecond}, {"in"}, {"x", "out"});
  Send(ensemble);
  ASSERT_THAT(held, SizeIs(1));
  const std::shared_ptr<ResponseFactory> factory = held[0]->shared_response_factory();
  InferenceResponse::Send(MakeResponse(factory, {"o"}, "done"), TRITONSERVER_RESPONSE_COMPLETE_FINAL);
  EXPECT_THAT(Results(), IsEmpty());
  EXPECT_EQ(TextOf(*held[0], "i"), "a(in)");
  InferenceRequest::Release(std::move(held[0]), TRITONSERVER_REQUEST_RELEASE_ALL);
  EXPECT_THAT(Results("x"), ElementsAre("a(in)"));
  EXPECT_THAT(Results("out"), ElementsAre("done"));
}

TEST_F(EnsembleRunTest, OnlyTheStepsOfRequestedOutputsRun) {
  Add("a");
  Held& held = AddHolding("b");
  const ModelHandle ensemble = MakeEnsemble("e", {kFirst, kSecond}, {"in"}, {"x", "out"});
  std::unique_ptr<InferenceRequest> request = Make(ensemble);
  ASSERT_TRUE(request->AddRequestedOutput("x").ok());
  Send(std::move(request));
  EXPECT_THAT(held, IsEmpty());
  EXPECT_THAT(requester_.answers()[0].outputs, ElementsAre(Pair("x", "a(in)")));
}

TEST_F(EnsembleRunTest, AnOptionalInputThatNobodyGaveIsLeftOutOnTheWay) {
  const ModelHandle model = test::MakeModel(
      "name: 'a' input { name: 'i' data_type: TYPE_UINT8 dims: -1 } "
      "input { name: 'j' data_type: TYPE_UINT8 dims: -1 optional: true } "
      "output { name: 'o' data_type: TYPE_UINT8 dims: -1 }");
  model->SetScheduler(
      std::make_unique<test::FunctionScheduler>([](auto request) { test::AnswerAndRelease(std::move(request)); }));
  finder_.Add(model);
  inference::ModelConfig config =
      EnsembleConfig("e", {"in", "more"}, {"out"}, {{"a", {{"i", "in"}, {"j", "more"}}, {{"o", "out"}}}});
  config.mutable_input(1)->set_optional(true);
  Expected<ModelHandle> ensemble = neso::MakeEnsemble("/nowhere", 1, config, {finder_, executor_, {}});
  ASSERT_TRUE(ensemble.ok());
  Send(Make(*ensemble));
  Send(Make(*ensemble, "", {"in", "more"}));
  EXPECT_THAT(Results(), ElementsAre("a(in,-)", "a(in,more)"));
}

TEST_F(EnsembleRunTest, TheStepsGetWhatTheRequestSays) {
  std::vector<std::string> seen;
  const auto tell = [&](std::unique_ptr<InferenceRequest> request) {
    seen.push_back(fmt::format("{} {} {} {} {}", request->id(), request->correlation_id().number(), request->flags(),
                               request->timeout_us(), request->parameters()[0].name));
    test::AnswerAndRelease(std::move(request));
  };
  Add("a", tell);
  Add("b", tell);
  std::unique_ptr<InferenceRequest> request = Make(MakeEnsemble("e", {kFirst, kSecond}), "id");
  request->SetCorrelationId(CorrelationId(42));
  request->SetFlags(TRITONSERVER_REQUEST_FLAG_SEQUENCE_START);
  request->SetTimeoutMicroseconds(7);
  request->AddParameter("p", true);
  Send(std::move(request));
  EXPECT_THAT(seen, ElementsAre("id 42 1 7 p", "id 42 1 7 p"));
  EXPECT_THAT(requester_.answers()[0].parameters, IsEmpty());
}

TEST_F(EnsembleRunTest, AStepMayTurnTheRestIntoAnotherSequence) {
  Add("a", [](std::unique_ptr<InferenceRequest> request) {
    const std::shared_ptr<ResponseFactory> factory = request->shared_response_factory();
    auto response = MakeResponse(factory, {"o"}, "text");
    response->AddParameter("sequence_id", int64_t{9});
    response->AddParameter("sequence_end", true);
    response->AddParameter("other", true);
    InferenceResponse::Send(std::move(response), TRITONSERVER_RESPONSE_COMPLETE_FINAL);
    InferenceRequest::Release(std::move(request), TRITONSERVER_REQUEST_RELEASE_ALL);
  });
  uint64_t id = 0;
  uint32_t flags = 0;
  Add("b", [&](std::unique_ptr<InferenceRequest> request) {
    id = request->correlation_id().number();
    flags = request->flags();
    test::AnswerAndRelease(std::move(request));
  });
  Send(MakeEnsemble("e", {kFirst, kSecond}, {"in"}, {"x", "out"}));
  EXPECT_EQ(id, 9u);
  EXPECT_EQ(flags, uint32_t{TRITONSERVER_REQUEST_FLAG_SEQUENCE_END});
  std::vector<std::string> names;
  const auto answers = requester_.answers();
  for (const NamedParameter& parameter : answers[0].parameters) names.push_back(parameter.name);
  EXPECT_THAT(names, ElementsAre("sequence_id", "sequence_start", "sequence_end"));
}

// --- failures --------------------------------------------------------------------------------------------------------

TEST_F(EnsembleRunTest, AStepsErrorIsTheEnsemblesAtOnceAndEndsTheOthers) {
  Held& held = AddHolding("a");
  Held& other = AddHolding("b");
  Add("join", {"i", "j"});
  Send(MakeEnsemble("e", {{"a", {{"i", "in"}}, {{"o", "x"}}},
                          {"b", {{"i", "in"}}, {{"o", "y"}}},
                          {"join", {{"i", "x"}, {"j", "y"}}, {{"o", "out"}}}}));
  test::AnswerAndRelease(std::move(held[0]), Unavailable("no luck"));
  ASSERT_THAT(Results(), ElementsAre("in ensemble 'e', no luck"));
  EXPECT_EQ(requester_.answers()[0].status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(requester_.answers()[0].flags, uint32_t{TRITONSERVER_RESPONSE_COMPLETE_FINAL});
  EXPECT_TRUE(other[0]->IsCancelled());
  EXPECT_EQ(requester_.releases(), 0u);
  test::AnswerAndRelease(std::move(other[0]));
  EXPECT_THAT(Results(), SizeIs(1));
  EXPECT_EQ(requester_.releases(), 1u);
}

TEST_F(EnsembleRunTest, AnUnknownModelIsAnError) {
  Add("a");
  Send(MakeEnsemble("e", {kFirst, kSecond}));
  EXPECT_THAT(Results(), ElementsAre("in ensemble 'e', Request for unknown model: 'b' is not found"));
  EXPECT_EQ(requester_.releases(), 1u);
}

TEST_F(EnsembleRunTest, WhatAStepsModelRefusesIsAnError) {
  Add("a", {"i", "j"});
  Send(MakeEnsemble("e", {{"a", {{"i", "in"}}, {{"o", "out"}}}}));
  EXPECT_THAT(Results(), ElementsAre(testing::StartsWith(
                             "in ensemble 'e', [request id: <id_unknown>] expected 2 inputs but got 1 inputs")));
}

TEST_F(EnsembleRunTest, AStepThatEndsWithoutAResponseIsADeadlock) {
  Add("a", [](std::unique_ptr<InferenceRequest> request) {
    request->response_factory().SendFlags(TRITONSERVER_RESPONSE_COMPLETE_FINAL);
    InferenceRequest::Release(std::move(request), TRITONSERVER_REQUEST_RELEASE_ALL);
  });
  Send(MakeEnsemble("e", {{"a", {{"i", "in"}}, {{"o", "out"}}}}));
  EXPECT_THAT(Results(), ElementsAre("in ensemble 'e', [request id: <id_unknown>] unexpected deadlock, at least one "
                                     "output is not set while no more ensemble steps can be made"));
}

TEST_F(EnsembleRunTest, CancellationReachesTheRunningStepAndStartsNoOther) {
  Held& held = AddHolding("a");
  Held& later = AddHolding("b");
  const std::shared_ptr<ResponseFactory> factory = Send(MakeEnsemble("e", {kFirst, kSecond}));
  factory->Cancel();
  requester_.WaitForFinal(1);
  EXPECT_THAT(Results(), ElementsAre("in ensemble 'e', Request cancelled"));
  EXPECT_TRUE(test::Eventually([&] { return held[0]->IsCancelled(); }));  // the answer goes first
  EXPECT_EQ(requester_.releases(), 0u);
  test::AnswerAndRelease(std::move(held[0]));
  requester_.WaitFor(1);
  EXPECT_THAT(later, IsEmpty());
}

TEST_F(EnsembleRunTest, ARequestThatWasCancelledBeforeRunsNothing) {
  Held& held = AddHolding("a");
  Add("b");
  std::unique_ptr<InferenceRequest> request = Make(MakeEnsemble("e", {kFirst, kSecond}));
  request->Cancel();
  Send(std::move(request));
  requester_.WaitFor(1);
  EXPECT_THAT(Results(), ElementsAre("in ensemble 'e', Request cancelled"));
  EXPECT_THAT(held, IsEmpty());
}

// --- models that come later ------------------------------------------------------------------------------------------

TEST_F(EnsembleRunTest, AModelThatIsLoadedFirstKeepsNoThreadWaiting) {
  Add("a");
  Add("b");
  const ModelHandle ensemble = MakeEnsemble("e", {kFirst, kSecond});
  finder_.DeliverLater();
  Send(ensemble);
  EXPECT_EQ(finder_.waiting(), 2u);
  EXPECT_THAT(Results(), IsEmpty());
  finder_.Deliver();
  EXPECT_THAT(Results(), ElementsAre("b(a(in))"));
}

TEST_F(EnsembleRunTest, CancellationDoesNotWaitForALoad) {
  Add("a");
  Add("b");
  const ModelHandle ensemble = MakeEnsemble("e", {kFirst, kSecond});
  finder_.DeliverLater();
  Send(ensemble)->Cancel();
  requester_.WaitForFinal(1);
  finder_.Deliver();
  requester_.WaitFor(1);
  EXPECT_THAT(Results(), ElementsAre("in ensemble 'e', Request cancelled"));
}

// --- long, deep and wide ---------------------------------------------------------------------------------------------

// How much of the stack is between the least and the most that a model has seen.
class StackMeter {
 public:
  void Look() {
    const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    lowest_ = std::min(lowest_, here);
    highest_ = std::max(highest_, here);
  }
  uintptr_t span() const { return highest_ - lowest_; }

 private:
  uintptr_t lowest_ = UINTPTR_MAX, highest_ = 0;
};

TEST_F(EnsembleRunTest, AThousandStepsThatAnswerAtOnceTakeNoMoreStackThanOne) {
  StackMeter stack;
  Add("a", [&](std::unique_ptr<InferenceRequest> request) {
    stack.Look();
    const std::shared_ptr<ResponseFactory> factory = request->shared_response_factory();
    InferenceResponse::Send(MakeResponse(factory, {"o"}, TextOf(*request, "i") + "."),
                            TRITONSERVER_RESPONSE_COMPLETE_FINAL);
    InferenceRequest::Release(std::move(request), TRITONSERVER_REQUEST_RELEASE_ALL);
  });
  std::vector<Step> steps;
  for (int i = 0; i < 1000; ++i) {
    steps.push_back({"a",
                     {{"i", i == 0 ? "in" : "t" + std::to_string(i)}},
                     {{"o", i == 999 ? "out" : "t" + std::to_string(i + 1)}}});
  }
  Send(MakeEnsemble("e", steps));
  EXPECT_THAT(Results(), ElementsAre("in" + std::string(1000, '.')));
  EXPECT_LT(stack.span(), 1024u);
}

TEST_F(EnsembleRunTest, EnsemblesInEnsemblesTakeNoMoreStackEither) {
  StackMeter stack;
  Add("a", [&](std::unique_ptr<InferenceRequest> request) {
    stack.Look();
    test::AnswerAndRelease(std::move(request));
  });
  MakeEnsemble("e0", {{"a", {{"i", "in"}}, {{"o", "out"}}}});
  ModelHandle outermost;
  for (int i = 1; i <= 100; ++i) {
    const std::string inner = "e" + std::to_string(i - 1);
    outermost = MakeEnsemble("e" + std::to_string(i),
                             {{inner, {{"in", "in"}}, {{"out", "x"}}}, {"a", {{"i", "x"}}, {{"o", "out"}}}});
  }
  Send(outermost);
  ASSERT_THAT(Results(), SizeIs(1));
  EXPECT_EQ(Results()[0].size(), std::string("a()").size() * 101 + 2);
  EXPECT_LT(stack.span(), 1024u);
}

TEST_F(EnsembleRunTest, AThousandBranchesThatFailAtOnceAreOneError) {
  Add("a", [](auto request) { test::AnswerAndRelease(std::move(request), Internal("no luck")); });
  std::vector<Step> steps;
  std::vector<std::string> outputs;
  for (int i = 0; i < 1000; ++i) {
    outputs.push_back("o" + std::to_string(i));
    steps.push_back({"a", {{"i", "in"}}, {{"o", outputs.back()}}});
  }
  Send(MakeEnsemble("e", steps, {"in"}, outputs));
  EXPECT_THAT(Results(), ElementsAre("in ensemble 'e', no luck"));
  EXPECT_EQ(requester_.releases(), 1u);
}

TEST_F(EnsembleRunTest, ATensorGoesWhenItsLastReaderHasLetItGo) {
  std::weak_ptr<ResponseFactory> first;
  Add("a", [&](std::unique_ptr<InferenceRequest> request) {
    first = request->shared_response_factory();
    test::AnswerAndRelease(std::move(request));
  });
  Add("b");
  Held& held = AddHolding("c");
  Send(MakeEnsemble("e", {kFirst, {"b", {{"i", "x"}}, {{"o", "y"}}}, {"c", {{"i", "y"}}, {{"o", "out"}}}}));
  ASSERT_THAT(held, SizeIs(1));
  EXPECT_TRUE(first.expired());  // with its response, and so with its buffers
  test::AnswerAndRelease(std::move(held[0]));
  EXPECT_THAT(Results(), ElementsAre("c(b(a(in)))"));
}

// --- decoupled steps -------------------------------------------------------------------------------------------------

constexpr const char* kDecoupled = "model_transaction_policy { decoupled: true }";

// Answers with "0", "1", ... behind what it got.
void Repeat(std::unique_ptr<InferenceRequest> request, int count) {
  const std::shared_ptr<ResponseFactory> factory = request->shared_response_factory();
  const std::string text = TextOf(*request, "i");
  for (int i = 0; i < count; ++i) {
    InferenceResponse::Send(MakeResponse(factory, {"o"}, text + std::to_string(i)), 0);
  }
  factory->SendFlags(TRITONSERVER_RESPONSE_COMPLETE_FINAL);
  InferenceRequest::Release(std::move(request), TRITONSERVER_REQUEST_RELEASE_ALL);
}

TEST_F(EnsembleRunTest, EachResponseOfADecoupledStepGoesOnByItself) {
  Add(
      "a", [](auto request) { Repeat(std::move(request), 3); }, kDecoupled);
  Add("b");
  Send(MakeEnsemble("e", {kFirst, kSecond}, {"in"}, {"out"}, kDecoupled));
  EXPECT_THAT(Results(), ElementsAre("b(in0)", "b(in1)", "b(in2)"));
  EXPECT_EQ(requester_.answers().back().flags, uint32_t{TRITONSERVER_RESPONSE_COMPLETE_FINAL});
  EXPECT_EQ(requester_.releases(), 1u);
}

TEST_F(EnsembleRunTest, ResponsesKeepTheirOrderHoweverLongTheirStepsTake) {
  Add(
      "a", [](auto request) { Repeat(std::move(request), 2); }, kDecoupled);
  Held& held = AddHolding("b", kDecoupled);
  Send(MakeEnsemble("e", {kFirst, kSecond}, {"in"}, {"out"}, kDecoupled));
  ASSERT_THAT(held, SizeIs(2));
  Repeat(std::move(held[1]), 2);
  EXPECT_THAT(Results(), IsEmpty());
  Repeat(std::move(held[0]), 2);
  EXPECT_THAT(Results(), ElementsAre("in00", "in01", "in10", "in11"));
}

TEST_F(EnsembleRunTest, ADecoupledStepMayAnswerNothing) {
  Add(
      "a", [](auto request) { Repeat(std::move(request), 0); }, kDecoupled);
  Add("b");
  Send(MakeEnsemble("e", {kFirst, kSecond}, {"in"}, {"out"}, kDecoupled));
  ASSERT_THAT(requester_.answers(), SizeIs(1));
  EXPECT_FALSE(requester_.answers()[0].has_response);
  EXPECT_EQ(requester_.answers()[0].flags, uint32_t{TRITONSERVER_RESPONSE_COMPLETE_FINAL});
}

TEST_F(EnsembleRunTest, AnErrorBehindADecoupledStepEndsTheStream) {
  Held& source = AddHolding("a", kDecoupled);
  Add("b", [](std::unique_ptr<InferenceRequest> request) {
    const bool fails = TextOf(*request, "i") == "1";
    test::AnswerAndRelease(std::move(request), fails ? Internal("no luck") : Status());
  });
  Send(MakeEnsemble("e", {kFirst, kSecond}, {"in"}, {"out"}, kDecoupled));
  const std::shared_ptr<ResponseFactory> factory = source[0]->shared_response_factory();
  for (int i = 0; i < 4; ++i) InferenceResponse::Send(MakeResponse(factory, {"o"}, std::to_string(i)), 0);
  EXPECT_THAT(Results(), ElementsAre("b(0)", "in ensemble 'e', no luck"));
  EXPECT_TRUE(factory->IsCancelled());
  factory->SendFlags(TRITONSERVER_RESPONSE_COMPLETE_FINAL);
  EXPECT_EQ(requester_.releases(), 0u);
  InferenceRequest::Release(std::move(source[0]), TRITONSERVER_REQUEST_RELEASE_ALL);
  EXPECT_EQ(requester_.releases(), 1u);
}

TEST_F(EnsembleRunTest, ASourceThatWouldFillTheMemoryIsCut) {
  Held& source = AddHolding("a", kDecoupled);
  Held& slow = AddHolding("b");
  Send(MakeEnsemble("e", {kFirst, kSecond}, {"in"}, {"out"}, kDecoupled));
  const std::shared_ptr<ResponseFactory> factory = source[0]->shared_response_factory();
  InferenceResponse::Send(MakeResponse(factory, {"o"}, "0"), 0);
  MemoryBudget& budget = MemoryBudget::OfProcess();
  const size_t limit = budget.limit();
  budget.SetLimit(1);
  InferenceResponse::Send(MakeResponse(factory, {"o"}, "1"), 0);
  const std::string refusal = budget.RefusalText();
  budget.SetLimit(limit);
  EXPECT_THAT(Results(), ElementsAre("in ensemble 'e', " + refusal));
  EXPECT_TRUE(factory->IsCancelled());
  ASSERT_THAT(slow, SizeIs(1));
  test::AnswerAndRelease(std::move(slow[0]));
  Repeat(std::move(source[0]), 0);
  EXPECT_EQ(requester_.releases(), 1u);
}

TEST_F(EnsembleRunTest, PassesThatAreAnsweredAreGone) {
  Held& source = AddHolding("a", kDecoupled);
  std::weak_ptr<ResponseFactory> behind;
  Add("b", [&](std::unique_ptr<InferenceRequest> request) {
    behind = request->shared_response_factory();
    test::AnswerAndRelease(std::move(request));
  });
  Send(MakeEnsemble("e", {kFirst, kSecond}, {"in"}, {"out"}, kDecoupled));
  const std::shared_ptr<ResponseFactory> factory = source[0]->shared_response_factory();
  for (int i = 0; i < 100; ++i) {
    InferenceResponse::Send(MakeResponse(factory, {"o"}, std::to_string(i)), 0);
    ASSERT_TRUE(behind.expired());
    ASSERT_EQ(requester_.live_buffers(), 0);
  }
  Repeat(std::move(source[0]), 0);
  EXPECT_THAT(Results(), SizeIs(100));
}

// --- max_inflight_requests -------------------------------------------------------------------------------------------

TEST_F(EnsembleRunTest, NoMoreRequestsOfAStepAreUnderWayThanAllowed) {
  Add(
      "a", [](auto request) { Repeat(std::move(request), 5); }, kDecoupled);
  Held& held = AddHolding("b");
  inference::ModelConfig config = EnsembleConfig("e", {"in"}, {"out"}, {kFirst, kSecond}, kDecoupled);
  config.mutable_ensemble_scheduling()->set_max_inflight_requests(2);
  Expected<ModelHandle> ensemble = neso::MakeEnsemble("/nowhere", 1, config, {finder_, executor_, {}});
  ASSERT_TRUE(ensemble.ok());
  Send(*ensemble);
  Send(*ensemble);
  for (size_t done = 0; done < 10; ++done) {
    ASSERT_THAT(held, SizeIs(std::min<size_t>(10, done + 2)));
    test::AnswerAndRelease(std::move(held[done]));
  }
  EXPECT_THAT(Results(), SizeIs(10));
  EXPECT_EQ(requester_.releases(), 2u);
}

TEST_F(EnsembleRunTest, WhatWaitsIsDroppedWithItsRequestAndHoldsUpNobody) {
  Held& held = AddHolding("a");
  inference::ModelConfig config = EnsembleConfig("e", {"in"}, {"out"}, {{"a", {{"i", "in"}}, {{"o", "out"}}}});
  config.mutable_ensemble_scheduling()->set_max_inflight_requests(1);
  Expected<ModelHandle> ensemble = neso::MakeEnsemble("/nowhere", 1, config, {finder_, executor_, {}});
  ASSERT_TRUE(ensemble.ok());
  Send(*ensemble);
  const std::shared_ptr<ResponseFactory> waiting = Send(*ensemble);
  Send(*ensemble);
  ASSERT_THAT(held, SizeIs(1));
  waiting->Cancel();
  requester_.WaitFor(1);
  EXPECT_THAT(Results(), ElementsAre("in ensemble 'e', Request cancelled"));
  test::AnswerAndRelease(std::move(held[0]));
  ASSERT_THAT(held, SizeIs(2));
  test::AnswerAndRelease(std::move(held[1]));
  EXPECT_EQ(requester_.releases(), 3u);
}

// --- many at once ----------------------------------------------------------------------------------------------------

TEST_F(EnsembleRunTest, RunsOfManyThreadsDoNotMeet) {
  const auto on_executor = [this](std::unique_ptr<InferenceRequest> request) {
    InferenceRequest* const raw = request.release();
    const bool posted = executor_.Post([raw]() noexcept {
      std::unique_ptr<InferenceRequest> owned(raw);
      const bool is_cancelled = owned->IsCancelled();
      test::AnswerAndRelease(std::move(owned), is_cancelled ? Cancelled("Request cancelled") : Status());
    });
    CHECK(posted, "there is memory");
  };
  Add("left", on_executor);
  Add("right", on_executor);
  Add(
      "many",
      [this](std::unique_ptr<InferenceRequest> request) {
        InferenceRequest* const raw = request.release();
        CHECK(executor_.Post([raw]() noexcept { Repeat(std::unique_ptr<InferenceRequest>(raw), 3); }),
              "there is memory");
      },
      kDecoupled);
  Add("join", on_executor, "", {"i", "j"});
  inference::ModelConfig config = EnsembleConfig("e", {"in"}, {"out"},
                                                 {{"left", {{"i", "in"}}, {{"o", "x"}}},
                                                  {"right", {{"i", "in"}}, {{"o", "y"}}},
                                                  {"join", {{"i", "x"}, {"j", "y"}}, {{"o", "z"}}},
                                                  {"many", {{"i", "z"}}, {{"o", "w"}}},
                                                  {"left", {{"i", "w"}}, {{"o", "out"}}}},
                                                 kDecoupled);
  config.mutable_ensemble_scheduling()->set_max_inflight_requests(3);
  Expected<ModelHandle> ensemble = neso::MakeEnsemble("/nowhere", 1, config, {finder_, executor_, {}});
  ASSERT_TRUE(ensemble.ok());
  constexpr int kThreads = 4, kRequests = 100;
  std::vector<std::vector<std::unique_ptr<InferenceRequest>>> requests(kThreads);
  for (auto& mine : requests) {
    for (int i = 0; i < kRequests; ++i) mine.push_back(Make(*ensemble));
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kRequests; ++i) {
        const std::shared_ptr<ResponseFactory> factory =
            Send(std::move(requests[static_cast<size_t>(t)][static_cast<size_t>(i)]));
        if (i % 7 == 0) factory->Cancel();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  requester_.WaitFor(kThreads * kRequests);
  for (const std::string& result : Results()) {
    if (result.starts_with("in ensemble")) continue;
    EXPECT_EQ(result.substr(0, result.size() - 2), "left(join(left(in),right(in))");
  }
  EXPECT_GE(Results().size(), size_t{kThreads} * kRequests);
}

}  // namespace
}  // namespace neso
