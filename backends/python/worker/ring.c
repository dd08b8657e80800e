// The worker's side of the rings, for any Python: it is called through ctypes and knows nothing of Python.
#include "../ring.h"

#include <signal.h>
#include <sys/prctl.h>

#define EXPORT __attribute__((visibility("default")))

// A consumer's place in a ring. Python makes it of zeros, sets `ring` and `spin_ns`, and reads `slot`.
struct NesoReader {
  struct NesoRing* ring;
  int64_t spin_ns;
  uint32_t head;
  uint32_t taken;  // whether `slot` holds a message that the producer has not got back yet
  struct NesoSlot slot;
};

// Gives the last slot back and waits for the next; 0 if there is none after a second.
EXPORT int neso_ring_next(struct NesoReader* reader) {
  struct NesoRing* const ring = reader->ring;
  if (reader->taken != 0) __atomic_store_n(&ring->head, ++reader->head, __ATOMIC_RELEASE);
  reader->taken = 0;
  if (NesoRingWait(ring, reader->head, reader->spin_ns, 1000) == 0) return 0;
  reader->slot = ring->slots[reader->head % NESO_RING_SLOTS];
  reader->taken = 1;
  return 1;
}

// A producer: Python fills `slot`. One thread at a time.
struct NesoWriter {
  struct NesoRing* ring;
  int64_t bell;
  struct NesoSlot slot;
};

// 0 if the ring is full.
EXPORT int neso_ring_push(struct NesoWriter* writer) {
  return NesoRingPush(writer->ring, &writer->slot, (int)writer->bell);
}

// The same for what may be read with whatever comes next; but not so much of it that the ring is full when that comes.
EXPORT int neso_ring_put(struct NesoWriter* writer) {
  const struct NesoRing* const ring = writer->ring;
  const uint32_t waiting = NesoRingWaiting(ring, __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE));
  if (waiting >= NESO_RING_SLOTS / 2) return neso_ring_push(writer);
  return NesoRingPut(writer->ring, &writer->slot);
}

// Dies with the thread that started it, which lives as long as the server. 0 if the server is gone already.
EXPORT int neso_die_with(int parent, const char* name) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, name);
  return getppid() == parent;
}
