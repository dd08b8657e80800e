#include "net/reactor/reactor_group.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "base/block_cache.h"
#include "base/check.h"
#include "base/exception_status.h"
#include "base/inline_host.h"
#include "base/thread_start.h"
#include "net/reactor/answer_cork.h"
#include "net/reactor/burst.h"
#include "net/reactor/reactor_sentinel.h"

namespace neso::net {
namespace {

// Head and body of a small request come with one read; of a large one no more than this is copied.
constexpr size_t kScratchBytes = 16 * 1024;
// Surprises (work that was thought short and blocks) may start threads up to here.
constexpr size_t kMaxThreads = 256;

// Works answer for exceptions themselves; this is for what their answers throw.
void RunItem(Top::Item item) {
  TopWork& work = *item.work;
  try {
    work.RunAtTop(std::move(item.work), item.what);
  } catch (...) {
    LogException("a request");
  }
}

void RunOne(Runnable& work) {
  try {
    work.Run();
  } catch (...) {
    LogException("inference");
  }
}

}  // namespace

struct ReactorGroup::Thread final : InlineHost {
  void Defer(Runnable* work) noexcept override { deferred.PushBack(work); }
  void DeferAgain(Runnable* work) noexcept override {
    again.Add(work);
    has_again = true;
  }
  void MakeOfThread() { SetOfThread(this); }

  // Within it, schedulers on this thread defer their work to it.
  class Scope {
   public:
    explicit Scope(Thread& self) : saved_(Exchange(&self)) {}
    ~Scope() { Exchange(saved_); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    InlineHost* saved_;
  };

  std::thread thread;
  CondVar promoted;                      // with the group's mutex, which guards `parked` too
  bool parked = false;                   // it is in parked_
  std::atomic<uint64_t> noted_epoch{0};  // 0: holds no event
  std::atomic<bool> is_waiting{false};   // for events
  uint64_t drops_done = 0;               // of drops_wanted_
  RunnableQueue deferred;
  Burst burst;
  Burst again;             // deferred by work that ran in this round, for the next one
  bool has_again = false;  // unless somebody has taken it
  AnswerCork cork;
  std::unique_ptr<char[]> scratch = std::make_unique_for_overwrite<char[]>(kScratchBytes);
  Top top;
};

ReactorGroup::ReactorGroup(Executor& executor, ReactorSentinel& sentinel, const ReactorOptions& options)
    : executor_(executor),
      sentinel_(sentinel),
      options_(options),
      epoll_fd_(epoll_create1(EPOLL_CLOEXEC)),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(epoll_fd_ >= 0 && wake_fd_ >= 0, "a server cannot start without descriptors");
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;  // edge-triggered: every write wakes, nobody needs to read it
  event.data.ptr = nullptr;
  epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event);
}

ReactorGroup::~ReactorGroup() {
  stopping_ = true;
  Threads ended;
  {
    MutexLock lock(mutex_);
    for (Thread* thread : parked_) thread->promoted.NotifyOne();
    Wake();  // one thread that waits for events; each that ends wakes the next
    while (!threads_.empty()) thread_ended_.Wait(mutex_);
    ended.swap(retired_);
  }
  for (Thread& thread : ended) thread.thread.join();
  close(wake_fd_);
  close(epoll_fd_);
}

Status ReactorGroup::Add(int fd, uint32_t events, Pollable* pollable) {
  if (!EnsureStarted()) return Unavailable("no thread can be started for the network");
  epoll_event event{};
  event.events = events;
  event.data.ptr = pollable;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) return Unavailable("epoll_ctl: {}", std::strerror(errno));
  return {};
}

void ReactorGroup::Remove(int fd, std::shared_ptr<Pollable> kept) noexcept {
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  MutexLock lock(mutex_);
  kept->removed_at_ = epoch_.fetch_add(1) + 1;
  if (limbo_.Push(std::move(kept))) limbo_size_.fetch_add(1, std::memory_order_relaxed);
}

void ReactorGroup::RequestTurn(std::shared_ptr<Pollable> pollable) noexcept {
  {
    MutexLock lock(mutex_);
    if (turns_.Push(std::move(pollable))) turns_size_.fetch_add(1);
  }
  // A leader that is away looks before it waits again.
  if (IsQuiet()) Wake();
}

void ReactorGroup::HandOver(std::shared_ptr<Pollable> pollable, std::atomic<bool>& handed) noexcept {
  MutexLock lock(mutex_);
  if (turns_.Push(std::move(pollable))) turns_size_.fetch_add(1);
  handed.store(true, std::memory_order_release);
  // With the lock, which the group's end takes.
  if (IsQuiet()) Wake();
}

void ReactorGroup::RequestDropBlocks() {
  {
    MutexLock lock(mutex_);
    ++drops_wanted_;
    for (Thread* parked : parked_) parked->promoted.NotifyOne();
  }
  Wake();
}

size_t ReactorGroup::ThreadsForTest() const {
  MutexLock lock(mutex_);
  return threads_.size();
}

bool ReactorGroup::Tick() {
  const uint64_t rounds = rounds_.load();
  const bool away = LeaderIsAway();
  const bool traffic = away || rounds != rounds_at_last_tick_;
  // A promoted thread that has not come to run yet needs a processor, not one more competitor for it.
  if (away && rounds == rounds_at_last_tick_ && !promotion_under_way_) {
    Thread* const leader = leader_.load();
    Uncork(leader);
    if (waiting_.load() == 0) Promote(leader, kMaxThreads);
  }
  rounds_at_last_tick_ = rounds;
  PassOnStalled();
  return traffic;
}

bool ReactorGroup::LeaderIsAway() const {
  MutexLock lock(mutex_);
  const Thread* const leader = leader_.load();
  return leader != nullptr && !leader->is_waiting.load();
}

// What waits behind work that was thought short and is not.
void ReactorGroup::PassOnStalled() {
  RunnableQueue stalled;
  {
    MutexLock lock(mutex_);
    for (Thread& thread : threads_) {
      thread.burst.TakeStalled(stalled);
      thread.again.TakeStalled(stalled);
    }
  }
  while (Runnable* const work = stalled.PopFront()) executor_.Post(work);
}

// Answers that wait for the end of a burst which is not as short as was thought.
void ReactorGroup::Uncork(const Thread* away) {
  std::vector<std::shared_ptr<AnswerCork::Waiter>> waiting;
  {
    MutexLock lock(mutex_);
    const auto found =
        std::find_if(threads_.begin(), threads_.end(), [away](const Thread& thread) { return &thread == away; });
    if (found != threads_.end()) waiting = found->cork.Take();
  }
  for (const std::shared_ptr<AnswerCork::Waiter>& waiter : waiting) waiter->OnUncork();
}

bool ReactorGroup::IsStarted() const {
  MutexLock lock(mutex_);
  return !threads_.empty();
}

bool ReactorGroup::EnsureStarted() {
  if (leader_.load(std::memory_order_acquire) != nullptr) return true;
  MutexLock lock(mutex_);
  return leader_.load() != nullptr || StartLeader();
}

bool ReactorGroup::StartLeader() {
  try {
    parked_.reserve(threads_.size() + 1);  // so that parking cannot fail
    threads_.emplace_back();
  } catch (const std::bad_alloc&) {
    return false;
  }
  const auto self = std::prev(threads_.end());
  if (!TryStartThread(self->thread, "the network", [this, self] { ThreadMain(self); })) {
    threads_.erase(self);
    return false;
  }
  promotion_under_way_ = true;  // before the thread can see that it leads, and that it has come to
  leader_ = &*self;
  return true;
}

bool ReactorGroup::Promote(const Thread* from, size_t max_threads) {
  Threads ended;
  MutexLock lock(mutex_);
  if (leader_.load() != from || stopping_) return true;
  bool promoted = true;
  if (!parked_.empty()) {
    Thread* next = parked_.back();
    parked_.pop_back();
    next->parked = false;
    promotion_under_way_ = true;
    leader_ = next;
    next->promoted.NotifyOne();
  } else {
    promoted = threads_.size() < max_threads && StartLeader();
  }
  ended.swap(retired_);
  lock.Unlock();
  for (Thread& thread : ended) thread.thread.join();
  lock.Lock();
  return promoted;
}

void ReactorGroup::ThreadMain(Threads::iterator self) {
  pthread_setname_np(pthread_self(), "neso-net");
  self->top.scratch = {self->scratch.get(), kScratchBytes};
  self->MakeOfThread();
  while (WaitToLead(self)) {
    try {
      Round(*self);
    } catch (...) {
      LogException("a network thread");  // of what it carried, strands and requests have ended as they do
      self->noted_epoch.store(0, std::memory_order_release);
    }
  }
}

bool ReactorGroup::WaitToLead(Threads::iterator self) {
  if (leader_.load(std::memory_order_acquire) == &*self && !stopping_.load(std::memory_order_relaxed)) {
    if (promotion_under_way_.load(std::memory_order_relaxed)) promotion_under_way_ = false;
    return true;
  }
  // What wanted to go on after a look at the sockets, which others look at now.
  self->has_again = false;
  while (Runnable* const work = self->again.Next()) executor_.Post(work);
  MutexLock lock(mutex_);
  const auto deadline = std::chrono::steady_clock::now() + options_.thread_idle_timeout;
  bool in_time = true;
  while (leader_.load() != &*self && !stopping_ && in_time) {
    // Again after each wake-up: the lead may have gone to another thread before this one came to run.
    if (!std::exchange(self->parked, true)) parked_.push_back(&*self);
    in_time = self->promoted.WaitUntil(mutex_, deadline);
    if (self->drops_done == drops_wanted_.load(std::memory_order_relaxed)) continue;
    lock.Unlock();
    DropIfWanted(*self);
    lock.Lock();
  }
  if (leader_.load() == &*self && !stopping_) {
    promotion_under_way_ = false;
    return true;
  }
  std::erase(parked_, &*self);
  // Who lost the lead on the way to the events, before the sentinel saw it arrive, waits for them beside the new leader.
  if (stopping_) Wake();
  retired_.splice(retired_.end(), threads_, self);
  thread_ended_.NotifyAll();
  return false;
}

// Handles one batch of events and runs the work that came of it.
void ReactorGroup::Round(Thread& self) {
  epoll_event events[kEventsPerRound];
  self.noted_epoch.store(epoch_.load());
  rounds_.fetch_add(1, std::memory_order_relaxed);
  self.is_waiting.store(true, std::memory_order_relaxed);
  waiting_.fetch_add(1);
  const bool work_waits = self.has_again || turns_size_.load() > 0 || stopping_.load(std::memory_order_relaxed);
  const int count = epoll_wait(epoll_fd_, events, kEventsPerRound, work_waits ? 0 : -1);
  waiting_.fetch_sub(1);
  self.is_waiting.store(false, std::memory_order_relaxed);

  for (int i = 0; i < count; i++) {
    if (events[i].data.ptr == nullptr) continue;  // woken for a turn, or to stop
    Dispatch(self, *static_cast<Pollable*>(events[i].data.ptr), events[i].events);
  }
  self.noted_epoch.store(0, std::memory_order_release);
  RunTurns(self);
  if (std::exchange(self.has_again, false)) {
    while (Runnable* const work = self.again.Next()) self.deferred.PushBack(work);
  }
  if (!self.deferred.empty()) RunDeferred(self);
  if (limbo_size_.load(std::memory_order_relaxed) > 0) Reclaim();
  DropIfWanted(self);
}

void ReactorGroup::DropIfWanted(Thread& self) {
  const uint64_t wanted = drops_wanted_.load(std::memory_order_relaxed);
  if (std::exchange(self.drops_done, wanted) != wanted) DropBlocks();
}

// The kernel tells of an event once, so whatever one pollable throws, the others are still to hear of theirs.
void ReactorGroup::Dispatch(Thread& self, Pollable& pollable, uint32_t events) {
  try {
    pollable.OnEvents(events, self.top);
  } catch (...) {
    LogException("a network thread");
  }
  RunDue(self);
}

// Those that wait now: one that asks for another turn meanwhile does not keep this thread from the sockets.
void ReactorGroup::RunTurns(Thread& self) {
  for (size_t left = turns_size_.load(std::memory_order_relaxed); left > 0; left--) {
    const std::shared_ptr<Pollable> pollable = TakeTurn();
    if (pollable == nullptr) return;  // another thread has taken it
    Dispatch(self, *pollable, 0);
  }
}

std::shared_ptr<Pollable> ReactorGroup::TakeTurn() {
  MutexLock lock(mutex_);
  std::shared_ptr<Pollable> pollable = turns_.Pop();
  if (pollable != nullptr) turns_size_.fetch_sub(1);
  return pollable;
}

void ReactorGroup::RunDue(Thread& self) {
  if (self.top.due.empty()) return;
  sentinel_.NoteTraffic();
  const Thread::Scope scope(self);
  for (size_t i = 0; i < self.top.due.size(); i++) {
    Top::Item item = std::move(self.top.due[i]);
    RunItem(std::move(item));
  }
  self.top.due.clear();
}

// Short work runs here and now, one after the other. Of the long ones this thread takes one, if another watches the
// sockets meanwhile; the others go to the executor, as does what a crowd of models would keep this thread with for too
// long. How long is a sum of expectations: on a busy machine the clock would tell of others' work.
void ReactorGroup::RunDeferred(Thread& self) {
  Nanoseconds budget = options_.burst;
  Runnable* long_work = nullptr;
  while (Runnable* const work = self.deferred.PopFront()) {
    const Nanoseconds expected = work->ExpectedDuration();
    if (expected <= std::min(options_.short_work, budget)) {
      budget -= expected;
      self.burst.Add(work);
    } else if (expected > options_.short_work && long_work == nullptr) {
      long_work = work;
    } else {
      executor_.Post(work);
    }
  }
  if (long_work != nullptr && !Promote(&self, options_.threads_per_group)) {
    executor_.Post(std::exchange(long_work, nullptr));
  }
  // The last of the burst: if one of the short ones turns out long, it does not wait for it either.
  if (long_work != nullptr) self.burst.Add(long_work);
  {
    const AnswerCork::Scope scope(self.cork);
    while (Runnable* const work = self.burst.NextBefore(long_work)) RunOne(*work);
  }
  if (Runnable* const last = self.burst.Next()) RunOne(*last);
}

void ReactorGroup::Reclaim() {
  while (TakeFree() != nullptr) {  // destroyed without the lock
  }
}

// One at a time: what somebody else still has may be removed again at once, so it is in no queue without the lock.
std::shared_ptr<Pollable> ReactorGroup::TakeFree() {
  MutexLock lock(mutex_);
  if (limbo_.first() == nullptr) return nullptr;
  uint64_t oldest = UINT64_MAX;
  for (const Thread& thread : threads_) {
    const uint64_t noted = thread.noted_epoch.load();
    if (noted != 0) oldest = std::min(oldest, noted);
  }
  if (limbo_.first()->removed_at_ > oldest) return nullptr;
  limbo_size_.fetch_sub(1, std::memory_order_relaxed);
  return limbo_.Pop();
}

void ReactorGroup::Wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof one);
}

}  // namespace neso::net
