// Threads that share the rows of large batches, once for all models of the process.
//
//   WorkPool::Instance().Run(blocks, threads, [&](size_t block) { ... });
//
// Thread-safe. The caller takes its part of the work; threads that are idle join it. They sleep, and do not spin, when there is
// none. Executions that run at once share the processors.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>

namespace neso::fil {

class WorkPool {
 public:
  // Never destroyed: its threads may be asleep when the process ends.
  static WorkPool& Instance();

  // Calls `work` with each number below `parts`, from at most `threads` threads at once, the caller's included; returns when
  // all are done. `threads` below 1: as many as there are processors for this execution. What `work` throws, the last
  // of it, is thrown when the others are done.
  void Run(size_t parts, int64_t threads, const std::function<void(size_t)>& work);

 private:
  struct Job;

  WorkPool();
  void Offer(Job& job);
  void StartHelpers(size_t count);
  void Help();
  void TakeParts(Job& job);

  const size_t processors_;
  std::atomic<size_t> executions_ = 0;  // that run now
  std::mutex mutex_;
  std::condition_variable work_there_;
  std::condition_variable helper_left_;
  std::list<Job*> jobs_;  // that want helpers; guarded by mutex_
  size_t helpers_ = 0;    // guarded by mutex_
};

}  // namespace neso::fil
