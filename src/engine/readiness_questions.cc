#include "engine/readiness_questions.h"

#include <utility>

#include "base/exception_status.h"

namespace neso {

void ReadinessQuestions::Ask(const void* about, Question question, Tell tell) {
  Gate::Pass pass = gate_.Enter();
  if (!pass) return tell(Unavailable("Server exiting"));
  {
    MutexLock lock(mutex_);
    std::vector<Tell>& asking = asking_[about];
    asking.push_back(std::move(tell));
    if (asking.size() > 1) return;
  }
  const bool posted =
      executor_.Post([this, about, question = std::move(question), pass = std::move(pass)] { Run(about, question); });
  if (!posted) TellAll(about, OutOfMemory());
}

void ReadinessQuestions::Run(const void* about, const Question& question) {
  try {
    TellAll(about, question());
  } catch (...) {
    TellAll(about, StatusOfException());
  }
}

void ReadinessQuestions::TellAll(const void* about, const Readiness& answer) {
  std::vector<Tell> asking;
  {
    MutexLock lock(mutex_);
    const auto found = asking_.find(about);
    asking.swap(found->second);
    asking_.erase(found);
  }
  for (const Tell& tell : asking) {
    try {
      tell(answer);
    } catch (...) {
      LogException("an answer whether something is ready");  // the others are to hear theirs
    }
  }
}

}  // namespace neso
