#include "net/reactor/answer_cork.h"

#include <algorithm>
#include <new>
#include <utility>

namespace neso::net {
namespace {
thread_local AnswerCork* current_cork = nullptr;
}  // namespace

AnswerCork::Scope::Scope(AnswerCork& cork) : cork_(cork) {
  MutexLock lock(cork.mutex_);
  cork.is_open_ = false;
  current_cork = &cork;
}

AnswerCork::Scope::~Scope() {
  current_cork = nullptr;
  for (const std::shared_ptr<Waiter>& waiter : cork_.Take()) waiter->OnUncork();
}

AnswerCork* AnswerCork::Current() { return current_cork; }

bool AnswerCork::Add(const std::shared_ptr<Waiter>& waiter) noexcept {
  MutexLock lock(mutex_);
  if (is_open_) return false;
  // From the back: answers of one connection tend to come together.
  if (std::find(waiting_.rbegin(), waiting_.rend(), waiter) != waiting_.rend()) return true;
  try {
    waiting_.push_back(waiter);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

std::vector<std::shared_ptr<AnswerCork::Waiter>> AnswerCork::Take() {
  MutexLock lock(mutex_);
  is_open_ = true;
  return std::exchange(waiting_, {});
}

}  // namespace neso::net
