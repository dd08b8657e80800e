// The worker's side of the rings, for any Python: it is called through ctypes and knows nothing of Python.
#include "../ring.h"

#include <signal.h>
#include <sys/prctl.h>

#define EXPORT __attribute__((visibility("default")))

// Gives `consumed` slots back and waits for the next; how many are there, 0 after the time limit.
EXPORT uint32_t neso_ring_next(struct NesoRing* ring, uint32_t consumed, int64_t spin_ns, int timeout_ms) {
  const uint32_t head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED) + consumed;
  if (consumed != 0) __atomic_store_n(&ring->head, head, __ATOMIC_RELEASE);
  return NesoRingWait(ring, head, spin_ns, timeout_ms);
}

EXPORT int neso_ring_push(struct NesoRing* ring, uint32_t kind, uint32_t flags, uint64_t id, uint64_t offset,
                          uint64_t length, int bell) {
  const struct NesoSlot slot = {kind, flags, id, offset, length};
  return NesoRingPush(ring, &slot, bell);
}

// Dies with the thread that started it, which lives as long as the server. 0 if the server is gone already.
EXPORT int neso_die_with(int parent, const char* name) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, name);
  return getppid() == parent;
}
