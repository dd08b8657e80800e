#include "schedule/slot_runner.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/inline_host.h"
#include "core/instance_thread.h"
#include "schedule/rate_limiter.h"

namespace neso {
namespace {

// How long a slot keeps a thread that others wait for: a front-end thread has other models' work deferred to it, an
// instance's thread may be shared, an executor has no more threads for short work than processors. Long enough for a
// burst of tiny executions, short against a wake-up a time.
constexpr std::chrono::microseconds kSharedThread{250};

// A moving average that a single long run (the processor was taken away for some milliseconds) hardly moves: a model
// that is asked rarely would be thought long for minutes. One that has become long is known as such after some runs.
int64_t NextExpected(int64_t expected_ns, int64_t took_ns) {
  if (expected_ns < 0) return took_ns;
  constexpr int64_t kWeight = 8, kLeastNs = 1'000;
  return expected_ns + (std::min(took_ns, kWeight * expected_ns + kLeastNs) - expected_ns) / kWeight;
}

}  // namespace

// Its fields belong to whoever runs it; those that say so, to the runner's lock.
class SlotRunner::Slot final : public Runnable, public ResourceWaiter {
 public:
  Slot(SlotRunner& runner, ModelInstance& instance)
      : runner(runner), instance(instance), claim(instance.resource_claim()) {
    if (instance.runs_on_any_thread()) return;
    thread = instance.thread();
    if (thread != nullptr) return;
    own_thread = std::make_unique<InstanceThread>(instance.name());
    thread = own_thread.get();
  }

  void Run() override { runner.Run(*this); }
  Nanoseconds ExpectedDuration() const override {
    const int64_t expected = runner.expected_ns_.load(std::memory_order_relaxed);
    return expected < 0 ? kUnknown : Nanoseconds(expected);
  }

  // It is launched like any other, but not on the thread that gave the resources back.
  void OnResources() override {
    on_executor = thread == nullptr;
    runner.Launch(this);
  }

  SlotRunner& runner;
  ModelInstance& instance;
  const std::shared_ptr<ResourceClaim> claim;  // null: the instance may always execute
  uint64_t executions = 0;                     // counted where there is a claim
  InstanceThread* thread = nullptr;            // null: any
  std::unique_ptr<InstanceThread> own_thread;
  std::shared_ptr<BatchSource> keep_alive;  // set while launched, or waiting for resources
  InlineHost* host = nullptr;               // lock: deferred to it, not yet started
  bool is_starting = false;                 // lock: launched, has not looked for a batch
  bool retired = false;                     // lock
  bool is_idle = true;                      // lock
  bool on_executor = false;                 // launched there
  Batch batch;
};

SlotRunner::SlotRunner(BatchSource& source, const SchedulingContext& context) : source_(source), context_(context) {}

SlotRunner::~SlotRunner() = default;

SlotRunner::Slot* SlotRunner::StartIfReady(TimePoint now) {
  Slot* slot = nullptr;
  do {
    if (idle_.empty() || !source_.IsReady(now, starting_)) return nullptr;
    slot = TakeIdle();
    slot->is_idle = false;
    slot->keep_alive = source_.KeepAlive();
    // One that waits for resources holds nobody up: another instance may need less.
  } while (slot->claim != nullptr && !slot->claim->Take(*slot));
  slot->is_starting = true;
  ++starting_;
  InlineHost* const host = slot->thread == nullptr ? InlineHost::Current() : nullptr;
  // One instance inline; a second one on the same thread would run after it instead of beside it.
  const bool host_is_taken =
      host != nullptr && starting_ > 1 &&
      std::any_of(slots_.begin(), slots_.end(), [host](const auto& s) { return s->host == host; });
  slot->host = host_is_taken ? nullptr : host;
  slot->on_executor = slot->thread == nullptr && slot->host == nullptr;
  return slot;
}

// The one that has been idle longest; under a rate limiter, the one that has executed least for its priority.
SlotRunner::Slot* SlotRunner::TakeIdle() {
  if (idle_.front()->claim == nullptr) return idle_.pop_front();
  const auto used = [](const Slot& slot) {
    return static_cast<double>(slot.executions) * static_cast<double>(slot.claim->priority());
  };
  size_t least = 0;
  for (size_t i = 1; i < idle_.size(); ++i) {
    if (used(*idle_[i]) < used(*idle_[least])) least = i;
  }
  std::swap(idle_.front(), idle_[least]);
  return idle_.pop_front();
}

void SlotRunner::Launch(Slot* slot) {
  if (slot == nullptr) return;
  if (slot->thread != nullptr) return slot->thread->Post(slot);
  // Only the thread that started the slot reads its host outside the lock: that thread is the host, and the slot does
  // not run before it is back at the top of its loop.
  if (slot->host != nullptr) return slot->host->Defer(slot);
  context_.executor.Post(slot);
}

void SlotRunner::Run(Slot& slot) {
  // The batch may hold the last references to the model, and the model owns the scheduler whose part this runner is. So
  // the model is let go before the source: its end runs the scheduler's, which only drops its own reference to the
  // source. The slot's reference moves to the stack, since the slot lives in what it keeps.
  const std::shared_ptr<BatchSource> keep_alive = std::move(slot.keep_alive);
  ModelHandle model;
  TimePoint now = context_.clock.Now();
  const TimePoint give_back = now + kSharedThread;
  Slot* another = nullptr;
  while (TakeBatch(slot, now, another)) {
    // Before this slot executes, so that the other one works beside it.
    Launch(std::exchange(another, nullptr));
    slot.batch.AnswerDropped();
    if (!slot.batch.requests.empty()) now = Execute(slot, now, model);
    if (slot.claim != nullptr && !KeepsResources(slot, keep_alive)) return;
    if (now > give_back && IsWaitedFor(slot) && HandOver(slot, keep_alive)) return;
  }
  Launch(another);
}

bool SlotRunner::TakeBatch(Slot& slot, TimePoint now, Slot*& another) {
  slot.batch.requests.clear();
  slot.batch.waits.clear();
  MutexLock lock(mutex);
  if (std::exchange(slot.is_starting, false)) {
    --starting_;
    slot.host = nullptr;
  }
  if (!slot.retired && TryTake(slot, now)) {
    // One slot starts at most one other: a crowd of requests wakes as many instances as it fills, one by one.
    another = TryStart(now);
    return true;
  }
  if (slot.claim != nullptr) slot.claim->GiveBack();
  // From here on anybody who holds the lock may start the slot again, or take it away.
  slot.is_idle = true;
  if (slot.retired) {
    // It may have been started for a request that another one has to take now.
    another = TryStart(now);
    slot_idle_.NotifyAll();
  } else {
    idle_.push_back(&slot);
  }
  return false;
}

bool SlotRunner::TryTake(Slot& slot, TimePoint now) noexcept {
  const Batch& batch = slot.batch;
  try {
    return source_.Take(now, slot.batch);
  } catch (...) {
    return !batch.requests.empty() || !batch.expired.empty() || !batch.cancelled.empty();
  }
}

SlotRunner::Slot* SlotRunner::TryStart(TimePoint now) noexcept {
  try {
    return StartIfReady(now);
  } catch (...) {
    return nullptr;
  }
}

TimePoint SlotRunner::Execute(Slot& slot, TimePoint begin, ModelHandle& model) {
  std::vector<InferenceRequest*>& requests = slot.batch.requests;
  if (model == nullptr) model = requests.front()->model();
  for (InferenceRequest* request : requests) {
    request->MarkExecuting();
    request->TraceInputs(TRITONSERVER_TRACE_TENSOR_BACKEND_INPUT);
  }
  {
    NoInlineScope no_inline;
    slot.instance.Execute(requests);
  }
  const TimePoint end = context_.clock.Now();
  if (!slot.batch.waits.empty()) source_.OnExecuted(slot.batch, end);
  const int64_t expected_ns = expected_ns_.load(std::memory_order_relaxed);
  expected_ns_.store(NextExpected(expected_ns, Nanoseconds(end - begin).count()), std::memory_order_relaxed);
  return end;
}

bool SlotRunner::KeepsResources(Slot& slot, const std::shared_ptr<BatchSource>& keep_alive) {
  MutexLock lock(mutex);
  ++slot.executions;
  // It goes idle then, and gives back what it has.
  if (slot.retired || !source_.HasWaiting()) return true;
  slot.keep_alive = keep_alive;
  if (!slot.claim->Renew(slot)) return false;
  slot.keep_alive.reset();
  return true;
}

// A front-end thread and an instance's are always given back in time. An executor that nothing waits for would only
// pass the slot from one thread to another.
bool SlotRunner::IsWaitedFor(const Slot& slot) const { return !slot.on_executor || context_.executor.HasWaiting(); }

bool SlotRunner::HandOver(Slot& slot, const std::shared_ptr<BatchSource>& keep_alive) {
  {
    MutexLock lock(mutex);
    // The usual end of a run decides about a slot that is retired or has nothing to do.
    if (slot.retired || !source_.HasWaiting()) return false;
    // It stays taken, and counts as starting, so that nobody starts another slot for what this one will take. Short
    // executions go on here after a look at the sockets, since a thread that works beside this one on the same requests
    // would cost more than it brings; an executor's thread is where long ones belong.
    slot.is_starting = true;
    ++starting_;
    const bool is_short = slot.ExpectedDuration() <= kSharedThread;
    slot.host = slot.thread == nullptr && !slot.on_executor && is_short ? InlineHost::OfThread() : nullptr;
    slot.on_executor = slot.thread == nullptr && slot.host == nullptr;
  }
  // Between the lock and Launch nobody else touches the slot: it is not idle, and it is not queued anywhere yet. Its
  // reference is a copy, since the thread that takes it may end the source before this one has returned.
  slot.keep_alive = keep_alive;
  if (slot.host != nullptr) {
    slot.host->DeferAgain(&slot);
  } else {
    Launch(&slot);
  }
  return true;
}

void SlotRunner::Close() {
  for (const auto& slot : slots_) StopWaiting(*slot);
}

void SlotRunner::StopWaiting(Slot& slot) {
  if (slot.claim == nullptr || !slot.claim->Withdraw()) return;
  slot.keep_alive.reset();
  slot.is_idle = true;
}

void SlotRunner::UpdateInstances(const std::vector<ModelInstance*>& instances) {
  std::vector<std::unique_ptr<Slot>> gone;
  std::vector<Slot*> added;
  const std::unordered_set<const ModelInstance*> wanted(instances.begin(), instances.end());
  {
    MutexLock lock(mutex);
    std::unordered_set<const ModelInstance*> known;
    for (const auto& slot : slots_) {
      slot->retired = !wanted.contains(&slot->instance);
      if (slot->retired) StopWaiting(*slot);
      known.insert(&slot->instance);
    }
    idle_.EraseIf([](const Slot* slot) { return slot->retired; });
    for (ModelInstance* instance : instances) {
      if (known.contains(instance)) continue;
      slots_.push_back(std::make_unique<Slot>(*this, *instance));
      idle_.push_back(slots_.back().get());
    }
    // Requests may have waited for new instances.
    const TimePoint now = source_.Now();
    for (Slot* slot = StartIfReady(now); slot != nullptr; slot = StartIfReady(now)) added.push_back(slot);
  }
  for (Slot* slot : added) Launch(slot);
  {
    MutexLock lock(mutex);
    const auto is_leaving = [](const auto& slot) { return slot->retired && !slot->is_idle; };
    while (std::any_of(slots_.begin(), slots_.end(), is_leaving)) slot_idle_.Wait(mutex);
    const auto first = std::stable_partition(slots_.begin(), slots_.end(), [](const auto& s) { return !s->retired; });
    std::move(first, slots_.end(), std::back_inserter(gone));
    slots_.erase(first, slots_.end());
  }
}

}  // namespace neso
