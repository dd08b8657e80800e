#include "base/in_turn.h"

#include "base/exception_status.h"
#include "base/runnable_queue.h"

namespace neso {
namespace {
thread_local RunnableQueue* waiting = nullptr;  // null: nothing runs in turn on this thread
}

void RunInTurn(Runnable* work) noexcept {
  if (waiting != nullptr) return waiting->PushBack(work);
  RunnableQueue queue;
  waiting = &queue;
  queue.PushBack(work);
  while (Runnable* const next = queue.PopFront()) {
    try {
      next->Run();
    } catch (...) {
      LogException("work in turn");
    }
  }
  waiting = nullptr;
}

}  // namespace neso
