// The executing half of the dispatcher: what a slot does on the thread it was given.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "schedule/dispatcher.h"
#include "schedule/dispatcher_slot.h"

namespace neso {
namespace {

// How long a slot keeps a thread that others may wait for: a front-end thread has other models' work deferred to it, an
// instance's thread may be shared. Long enough for a burst of tiny executions, short against a wake-up a time.
constexpr uint64_t kSharedThreadNs = 250'000;

}  // namespace

void Dispatcher::Launch(Slot* slot) {
  if (slot == nullptr) return;
  if (slot->thread != nullptr) return slot->thread->Post(slot);
  // Only the thread that started the slot reads its host outside the lock.
  if (slot->host != nullptr) return slot->host->Defer(slot);
  context_.executor.Post(slot);
}

void Dispatcher::RunSlot(Slot& slot) {
  std::shared_ptr<Dispatcher> keep_alive = std::move(slot.keep_alive);
  std::shared_ptr<Model> model;  // gone before keep_alive: it owns the scheduler
  const bool shares_thread = slot.shares_thread;
  const uint64_t begin_ns = shares_thread ? SteadyNanoseconds() : 0;
  Dropped dropped;
  Slot* another = nullptr;
  while (NextBatch(slot, dropped, another)) {
    Launch(std::exchange(another, nullptr));
    Answer(dropped);
    if (!slot.batch.empty()) Execute(slot, model);
    if (shares_thread && SteadyNanoseconds() - begin_ns > kSharedThreadNs && HandOver(slot, keep_alive)) return;
  }
  Launch(another);
}

bool Dispatcher::NextBatch(Slot& slot, Dropped& dropped, Slot*& another) {
  slot.batch.clear();
  const TimePoint now = Now();
  MutexLock lock(mutex_);
  if (std::exchange(slot.is_starting, false)) {
    --starting_;
    slot.host = nullptr;
  }
  if (!slot.retired) {
    if (uses_time_) queue_.Expire(now, dropped.expired);
    const BatchDecision decision = Decide(now);
    if (decision.kind == BatchDecision::Kind::kTake) {
      not_before_ = TimePoint::min();
      queue_.Take(decision.count, slot.batch);
      // Cancelled ones that no sweep has found yet.
      std::erase_if(slot.batch, [&dropped](InferenceRequest* request) {
        if (!request->IsCancelled()) return false;
        dropped.cancelled.push_back(request);
        return true;
      });
      another = SlotToStart(now);
      return true;
    }
    if (decision.kind == BatchDecision::Kind::kWait) Wait(decision);
    if (!dropped.expired.empty()) return true;
  }
  slot.is_idle = true;
  if (slot.retired) {
    // It may have been started for a request that another one has to take now.
    another = SlotToStart(now);
    slot_idle_.NotifyAll();
  } else {
    idle_.push_back(&slot);
  }
  return false;
}

void Dispatcher::Execute(Slot& slot, std::shared_ptr<Model>& model) {
  if (model == nullptr) model = slot.batch.front()->model();
  for (InferenceRequest* request : slot.batch) {
    request->MarkExecuting();
    request->TraceInputs(TRITONSERVER_TRACE_TENSOR_BACKEND_INPUT);
  }
  const uint64_t begin_ns = SteadyNanoseconds();
  {
    NoInlineScope no_inline;
    slot.instance.Execute(slot.batch);
  }
  const auto took_ns = static_cast<int64_t>(SteadyNanoseconds() - begin_ns);
  const int64_t expected_ns = expected_ns_.load(std::memory_order_relaxed);
  expected_ns_.store(expected_ns < 0 ? took_ns : expected_ns + (took_ns - expected_ns) / 8, std::memory_order_relaxed);
}

bool Dispatcher::HandOver(Slot& slot, std::shared_ptr<Dispatcher>& keep_alive) {
  {
    MutexLock lock(mutex_);
    if (slot.retired || queue_.size() == 0) return false;
    slot.is_starting = true;
    ++starting_;
    slot.shares_thread = slot.thread != nullptr;
  }
  slot.keep_alive = keep_alive;  // a copy: this run needs it to the end
  Launch(&slot);
  return true;
}

void Dispatcher::UpdateInstances(const std::vector<ModelInstance*>& instances) {
  std::vector<std::unique_ptr<Slot>> gone;
  std::vector<Slot*> added;
  const std::unordered_set<const ModelInstance*> wanted(instances.begin(), instances.end());
  {
    MutexLock lock(mutex_);
    std::unordered_set<const ModelInstance*> known;
    for (const auto& slot : slots_) {
      slot->retired = !wanted.contains(&slot->instance);
      known.insert(&slot->instance);
    }
    idle_.EraseIf([](const Slot* slot) { return slot->retired; });
    for (ModelInstance* instance : instances) {
      if (known.contains(instance)) continue;
      slots_.push_back(std::make_unique<Slot>(*this, *instance));
      idle_.push_back(slots_.back().get());
    }
    // Requests may have waited for new instances.
    for (Slot* slot = SlotToStart(Now()); slot != nullptr; slot = SlotToStart(Now())) added.push_back(slot);
  }
  for (Slot* slot : added) Launch(slot);
  {
    MutexLock lock(mutex_);
    const auto is_leaving = [](const auto& slot) { return slot->retired && !slot->is_idle; };
    while (std::any_of(slots_.begin(), slots_.end(), is_leaving)) slot_idle_.Wait(mutex_);
    const auto first = std::stable_partition(slots_.begin(), slots_.end(), [](const auto& s) { return !s->retired; });
    std::move(first, slots_.end(), std::back_inserter(gone));
    slots_.erase(first, slots_.end());
  }
}

}  // namespace neso
