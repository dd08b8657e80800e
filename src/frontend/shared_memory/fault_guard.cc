#include "frontend/shared_memory/fault_guard.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <utility>

#include "base/mutex.h"

namespace neso {

// A place in a list that only grows, so that the handler can walk it without a lock. As many as there were ranges at
// once.
struct GuardedRange::Slot {
  // Odd while `begin` and `end` change. A thread that faults in a range uses it, so that one stands still; the handler
  // passes over the others while they move.
  std::atomic<uint32_t> version{0};
  std::atomic<uintptr_t> begin{0};
  std::atomic<uintptr_t> end{0};  // at a page's border; equal to `begin`: none
  std::atomic<bool> has_faulted{false};
  Slot* next = nullptr;       // constant once in the list
  Slot* next_free = nullptr;  // of a slot that no range has; under the lock of FreeSlots

  void Set(uintptr_t new_begin, uintptr_t new_end) {
    version.fetch_add(1, std::memory_order_acq_rel);
    // Who sees one of these sees the odd version, too.
    begin.store(new_begin, std::memory_order_release);
    end.store(new_end, std::memory_order_release);
    version.fetch_add(1, std::memory_order_release);
  }
  // Where the range that holds `address` ends; 0 if this is another.
  uintptr_t EndIfHolds(uintptr_t address) const {
    const uint32_t before = version.load(std::memory_order_acquire);
    const uintptr_t range_begin = begin.load(std::memory_order_acquire);
    const uintptr_t range_end = end.load(std::memory_order_acquire);
    const bool is_steady = before % 2 == 0 && version.load(std::memory_order_relaxed) == before;
    return is_steady && range_begin <= address && address < range_end ? range_end : 0;
  }
};

namespace {

using Slot = GuardedRange::Slot;

// A handler takes no argument of ours, so what it needs is static.
std::atomic<Slot*> g_slots{nullptr};
struct sigaction g_previous;
uintptr_t g_page_bytes = 0;

// From the page of `address` on, since what is gone there is mostly gone behind it too: one call for any truncation.
bool PutZeroes(uintptr_t address, uintptr_t end) {
  const uintptr_t page = address & ~(g_page_bytes - 1);
  // Not mmap(): sanitizers and profilers put functions of theirs before it that are not for signal handlers.
  const long mapped = syscall(SYS_mmap, page, end - page, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
  return static_cast<uintptr_t>(mapped) == page;
}

bool Mend(uintptr_t address) {
  for (Slot* slot = g_slots.load(std::memory_order_acquire); slot != nullptr; slot = slot->next) {
    const uintptr_t end = slot->EndIfHolds(address);
    if (end == 0) continue;
    slot->has_faulted.store(true, std::memory_order_release);
    return PutZeroes(address, end);
  }
  return false;
}

void PassOn(int signal_number, siginfo_t* info, void* context) {
  if ((g_previous.sa_flags & SA_SIGINFO) != 0) return g_previous.sa_sigaction(signal_number, info, context);
  if (g_previous.sa_handler != SIG_DFL && g_previous.sa_handler != SIG_IGN) return g_previous.sa_handler(signal_number);
  // The fault happens again, and ends the process as it would have.
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  sigaction(signal_number, &action, nullptr);
  if (info->si_code <= 0) raise(signal_number);  // sent, not a fault: nothing would happen again
}

// Only async-signal-safe calls.
void OnBusError(int signal_number, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  const bool is_mended = info->si_code == BUS_ADRERR && Mend(reinterpret_cast<uintptr_t>(info->si_addr));
  errno = saved_errno;
  if (!is_mended) PassOn(signal_number, info, context);
}

void InstallHandler() {
  g_page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  sigaction(SIGBUS, nullptr, &g_previous);  // before ours can run, which reads it
  struct sigaction action = {};
  action.sa_sigaction = OnBusError;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, nullptr);
}

// The handler does not look here.
struct FreeSlots {
  Mutex mutex;
  Slot* first GUARDED_BY(mutex) = nullptr;
};
FreeSlots& TheFreeSlots() {
  static FreeSlots* const free_slots = new FreeSlots;
  return *free_slots;
}

Slot* TakeSlot() {
  {
    FreeSlots& free = TheFreeSlots();
    MutexLock lock(free.mutex);
    if (free.first != nullptr) return std::exchange(free.first, free.first->next_free);
  }
  Slot* const slot = new Slot;
  slot->next = g_slots.load(std::memory_order_relaxed);
  while (!g_slots.compare_exchange_weak(slot->next, slot, std::memory_order_acq_rel)) {
  }
  return slot;
}

}  // namespace

GuardedRange::GuardedRange(void* base, size_t byte_size) : slot_(TakeSlot()) {
  static std::once_flag installed;
  std::call_once(installed, InstallHandler);
  const uintptr_t begin = reinterpret_cast<uintptr_t>(base);
  slot_->has_faulted.store(false, std::memory_order_relaxed);
  slot_->Set(begin, (begin + byte_size + g_page_bytes - 1) & ~(g_page_bytes - 1));
}

GuardedRange::~GuardedRange() {
  slot_->Set(0, 0);
  FreeSlots& free = TheFreeSlots();
  MutexLock lock(free.mutex);
  slot_->next_free = std::exchange(free.first, slot_);
}

bool GuardedRange::HasFaulted() const { return slot_->has_faulted.load(std::memory_order_acquire); }

}  // namespace neso
