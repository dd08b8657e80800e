// Questions whether something is ready, asked by threads that must not wait for an answer: a backend may take seconds.
//
//   questions.Ask(model.get(), [model] { return WhyNotReady(*model); }, [exchange](const Readiness& ready) { ... });
//
// One question at a time is asked about each thing; who asks meanwhile hears its answer. So a backend that does not
// answer costs one thread, however many ask.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/executor.h"
#include "base/gate.h"
#include "base/mutex.h"
#include "base/status.h"

namespace neso {

// Why not, for people, which may be empty; nothing: it is ready.
using Readiness = Expected<std::optional<std::string>>;

// Thread-safe. `executor`, on which questions run, must end before this does; `gate` counts them, and refuses them when
// it is closed.
class ReadinessQuestions {
 public:
  using Question = std::function<Readiness()>;
  using Tell = std::function<void(const Readiness&)>;

  ReadinessQuestions(Executor& executor, Gate& gate) : executor_(executor), gate_(gate) {}

  // `tell` is called once, now or on a thread of the executor. `about` stays what it is as long as `question` exists.
  // Errors: kUnavailable "Server exiting", or that memory is out; else those of the question.
  void Ask(const void* about, Question question, Tell tell);

 private:
  void Run(const void* about, const Question& question);
  void TellAll(const void* about, const Readiness& answer);

  Executor& executor_;
  Gate& gate_;
  Mutex mutex_;
  std::unordered_map<const void*, std::vector<Tell>> asking_ GUARDED_BY(mutex_);
};

}  // namespace neso
