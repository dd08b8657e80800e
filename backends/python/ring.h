// The rings between the server and a worker: plain C, compiled into both.
//
//   struct NesoSlot slot = {NESO_EXECUTE, 0, batch, offset, length};
//   NesoRingPush(&rings->work, &slot, -1);
//
// Each ring has one producer and one consumer (several threads of one side take a lock of that side). Whoever waits
// sleeps on `consumer`; a push wakes it only if it sleeps. Every word here can be written by the other side at any
// time: they are read once, and what was read is checked.
#pragma once

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NESO_RING_SLOTS 256u

// States of a ring's consumer.
#define NESO_CONSUMER_AWAKE 0u   // looks at the ring before it sleeps
#define NESO_CONSUMER_ASLEEP 1u  // waits on the futex
#define NESO_CONSUMER_ABSENT 2u  // nobody looks: the producer rings the bell, a byte on the socket

struct NesoSlot {
  uint32_t kind;
  uint32_t flags;
  uint64_t id;
  uint64_t offset;  // of the message's body in the segment
  uint64_t length;
};

struct NesoRing {
  uint32_t tail;  // of the next slot to write; counts on, modulo 2^32
  uint8_t own_line[60];
  uint32_t head;  // of the next slot to read
  uint32_t consumer;
  uint8_t own_line_too[56];
  struct NesoSlot slots[NESO_RING_SLOTS];
};

struct NesoRings {
  struct NesoRing work;      // server to worker: what its main thread does one after the other
  struct NesoRing replies;   // server to worker: answers to what it asked
  struct NesoRing answers;   // worker to server
  uint32_t replies_stalled;  // not 0: `replies` was full; the worker asks for the rest when it has read what is there
};

// How many slots wait; more than NESO_RING_SLOTS says that the other side wrote garbage. Ordered after what was said of the
// consumer before.
static inline uint32_t NesoRingWaiting(const struct NesoRing* ring, uint32_t head) {
  return __atomic_load_n(&ring->tail, __ATOMIC_SEQ_CST) - head;
}

static inline void NesoRingWake(struct NesoRing* ring) {
  syscall(SYS_futex, &ring->consumer, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

// 0 when the ring is full. Nobody is woken: the consumer finds the slot with whatever is pushed next.
static inline int NesoRingPut(struct NesoRing* ring, const struct NesoSlot* slot) {
  const uint32_t tail = __atomic_load_n(&ring->tail, __ATOMIC_RELAXED);
  if (tail - __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) >= NESO_RING_SLOTS) return 0;
  ring->slots[tail % NESO_RING_SLOTS] = *slot;
  __atomic_store_n(&ring->tail, tail + 1, __ATOMIC_SEQ_CST);
  return 1;
}

// 0 when the ring is full. `bell`: the socket that wakes an absent consumer, -1 if there is none.
static inline int NesoRingPush(struct NesoRing* ring, const struct NesoSlot* slot, int bell) {
  if (!NesoRingPut(ring, slot)) return 0;
  // Ordered after the store: a consumer that was not seen asleep sees the slot.
  if (__atomic_load_n(&ring->consumer, __ATOMIC_SEQ_CST) == NESO_CONSUMER_AWAKE) return 1;
  // What it is by now: a consumer may have come and fallen asleep since, who would be marked awake without being woken; or
  // come and gone, and then whoever hears the bell must come and go as well, although there is nothing left to read.
  const uint32_t consumer = __atomic_exchange_n(&ring->consumer, NESO_CONSUMER_AWAKE, __ATOMIC_SEQ_CST);
  if (consumer == NESO_CONSUMER_ASLEEP) NesoRingWake(ring);
  if (consumer == NESO_CONSUMER_ABSENT && bell >= 0) (void)!send(bell, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  return 1;
}

static inline int64_t NesoNow(void) {  // NOLINT(modernize-redundant-void-arg): C as well
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// Waits until a slot is there behind `head`, for `spin_ns` awake and then asleep; 0 after `timeout_ms`, or when woken
// for another reason. Otherwise as NesoRingWaiting.
static inline uint32_t NesoRingWait(struct NesoRing* ring, uint32_t head, int64_t spin_ns, int timeout_ms) {
  uint32_t waiting = NesoRingWaiting(ring, head);
  if (waiting != 0) return waiting;
  for (const int64_t until = spin_ns > 0 ? NesoNow() + spin_ns : 0; spin_ns > 0 && NesoNow() < until;) {
    if ((waiting = NesoRingWaiting(ring, head)) != 0) return waiting;
  }
  __atomic_store_n(&ring->consumer, NESO_CONSUMER_ASLEEP, __ATOMIC_SEQ_CST);
  waiting = NesoRingWaiting(ring, head);
  if (waiting == 0) {
    const struct timespec timeout = {timeout_ms / 1000, (long)(timeout_ms % 1000) * 1000000};
    syscall(SYS_futex, &ring->consumer, FUTEX_WAIT, NESO_CONSUMER_ASLEEP, &timeout, NULL, 0);
    waiting = NesoRingWaiting(ring, head);
  }
  __atomic_store_n(&ring->consumer, NESO_CONSUMER_AWAKE, __ATOMIC_SEQ_CST);
  return waiting;
}
