#include "work_pool.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <system_error>
#include <thread>

#include "neso/processors.h"

namespace neso::fil {

struct WorkPool::Job {
  const std::function<void(size_t)>& work;
  const size_t parts;
  std::atomic<size_t> next = 0;
  size_t wanted = 0;                     // helpers; guarded by the pool's mutex
  size_t helping = 0;                    // likewise
  std::exception_ptr failure = nullptr;  // likewise
};

WorkPool& WorkPool::Instance() {
  static auto* const pool = new WorkPool();
  return *pool;
}

WorkPool::WorkPool() : processors_(UsableProcessors()) {}

void WorkPool::TakeParts(Job& job) {
  try {
    for (size_t part = job.next.fetch_add(1); part < job.parts; part = job.next.fetch_add(1)) job.work(part);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    job.failure = std::current_exception();
  }
}

void WorkPool::Run(size_t parts, int64_t threads, const std::function<void(size_t)>& work) {
  Job job{.work = work, .parts = parts};
  const size_t running = executions_.fetch_add(1) + 1;
  const size_t share = std::max<size_t>(processors_ / running, 1);
  const size_t most = threads < 1 ? share : std::min(static_cast<size_t>(threads), share);
  job.wanted = std::min(most, parts) - (parts > 0 ? 1 : 0);
  if (job.wanted > 0) Offer(job);
  TakeParts(job);
  {
    std::unique_lock lock(mutex_);
    jobs_.remove(&job);
    helper_left_.wait(lock, [&] { return job.helping == 0; });
  }
  executions_.fetch_sub(1);
  if (job.failure != nullptr) std::rethrow_exception(job.failure);
}

void WorkPool::Offer(Job& job) {
  {
    const std::lock_guard lock(mutex_);
    StartHelpers(job.wanted);
    if (helpers_ == 0) return;
    jobs_.push_back(&job);
  }
  work_there_.notify_all();
}

// With the mutex held. Where no thread can be had, those that are there do the work.
void WorkPool::StartHelpers(size_t count) {
  try {
    for (; helpers_ < std::min(count, processors_ - 1); ++helpers_) std::thread([this] { Help(); }).detach();
  } catch (const std::system_error&) {
  }
}

void WorkPool::Help() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_there_.wait(lock, [this] { return !jobs_.empty(); });
    Job& job = *jobs_.front();
    ++job.helping;
    if (--job.wanted == 0) jobs_.pop_front();
    lock.unlock();
    TakeParts(job);
    lock.lock();
    if (--job.helping == 0) helper_left_.notify_all();
  }
}

}  // namespace neso::fil
