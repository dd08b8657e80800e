#include "engine/readiness_questions.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <new>
#include <string>
#include <vector>

namespace neso {
namespace {

class ReadinessQuestionsTest : public testing::Test {
 protected:
  // What `tell` hears.
  struct Heard {
    std::promise<Readiness> promise;
    std::future<Readiness> answer = promise.get_future();
    ReadinessQuestions::Tell Tell() {
      return [this](const Readiness& ready) { promise.set_value(ready); };
    }
  };

  ~ReadinessQuestionsTest() override {
    gate_.Close();
    gate_.WaitUntilEmpty();
  }

  Gate gate_;
  Executor executor_{"test", 4};
  ReadinessQuestions questions_{executor_, gate_};
};

TEST_F(ReadinessQuestionsTest, WhoAsksMeanwhileHearsTheSameAnswer) {
  std::promise<void> let_go;
  std::atomic<int> asked = 0;
  const auto question = [&, go = let_go.get_future().share()]() -> Readiness {
    ++asked;
    go.wait();
    return std::optional<std::string>("busy");
  };
  std::vector<Heard> heard(20);
  for (Heard& each : heard) questions_.Ask(this, question, each.Tell());
  let_go.set_value();
  for (Heard& each : heard) EXPECT_EQ(*each.answer.get(), "busy");
  EXPECT_EQ(asked, 1);
}

TEST_F(ReadinessQuestionsTest, OneThingDoesNotWaitForAnother) {
  std::promise<void> let_go;
  Heard slow;
  Heard quick;
  questions_.Ask(
      &slow,
      [&] {
        let_go.get_future().wait();
        return std::optional<std::string>();
      },
      slow.Tell());
  questions_.Ask(
      &quick, [] { return std::optional<std::string>(); }, quick.Tell());
  EXPECT_FALSE(quick.answer.get()->has_value());
  let_go.set_value();
  EXPECT_FALSE(slow.answer.get()->has_value());
}

TEST_F(ReadinessQuestionsTest, AnAnswerIsAskedForAnew) {
  for (const char* reason : {"first", "second"}) {
    Heard heard;
    questions_.Ask(
        this, [&] { return std::optional<std::string>(reason); }, heard.Tell());
    EXPECT_EQ(*heard.answer.get(), reason);
  }
}

TEST_F(ReadinessQuestionsTest, AnExceptionIsTheAnswer) {
  Heard heard;
  questions_.Ask(
      this, []() -> Readiness { throw std::bad_alloc(); }, heard.Tell());
  EXPECT_EQ(heard.answer.get().error().message(), "out of memory");
}

TEST_F(ReadinessQuestionsTest, OneWhoThrowsDoesNotKeepItFromTheOthers) {
  std::promise<void> let_go;
  Heard heard;
  const auto question = [&] {
    let_go.get_future().wait();
    return std::optional<std::string>();
  };
  questions_.Ask(this, question, [](const Readiness&) { throw std::bad_alloc(); });
  questions_.Ask(this, question, heard.Tell());
  let_go.set_value();
  EXPECT_FALSE(heard.answer.get()->has_value());
}

TEST_F(ReadinessQuestionsTest, AClosedGateIsAnEnd) {
  gate_.Close();
  Heard heard;
  questions_.Ask(
      this, [] { return std::optional<std::string>(); }, heard.Tell());
  EXPECT_EQ(heard.answer.get().error().message(), "Server exiting");
}

}  // namespace
}  // namespace neso
