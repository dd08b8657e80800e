// The server's end of one worker's rings.
//
//   Channel::Reader reader(channel);            // from here on nobody else reads
//   while (reader.Next(slot)) { ...; reader.Done(); }
//
// What the worker asks for and sends comes on one ring, whoever reads it: the thread that executes a batch, while it
// does; the watcher's thread, when nobody else is there.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>

#include "ring.h"
#include "segment.h"

namespace neso::python {

// Thread-safe. `segment` is borrowed.
class Channel {
 public:
  explicit Channel(const Segment& segment);

  // For the main thread of the worker. False if the ring is full, which no honest worker lets happen.
  bool PushWork(const NesoSlot& slot);
  // Keeps what the ring cannot take, until the worker asks with kPull.
  void PushReply(const NesoSlot& slot);
  // A reply with its body, which nobody has to release. False if it is too large or there is no room: then nothing was done.
  bool PushSmallReply(NesoSlot slot, std::span<const std::byte> body);
  void OnPull();

  // The worker is gone: whoever waits for its answers wakes.
  void Close();
  bool closed() const { return closed_.load(std::memory_order_acquire); }
  // No answer is read any more, whatever the worker writes.
  void Spoil() { spoiled_.store(true, std::memory_order_release); }

  class Reader;
  // Gives what nobody has read to `handle(slot)`, and leaves the ring as one that nobody reads. Does nothing if somebody
  // else reads, who comes here afterwards. False if `handle` refused a message, or what is there is none.
  template <typename Handle>
  [[nodiscard]] bool Drain(const Handle& handle);

  // Whether answers wait that nobody has read.
  bool HasAnswers() const;

 private:
  // Whether answers wait, or the worker has rung the bell: it rings no second time before a reader has come and gone, also
  // if what it rang for was read before it rang.
  bool NeedsReader() const;

  // Where a body of a small reply begins in the room for them, if there is room.
  std::optional<uint32_t> PlaceReply(uint32_t size);

  // Bodies that the worker may still read: it takes a body before it gives the slot back.
  struct ReplyBody {
    uint32_t slot;
    uint32_t begin;
  };

  const Segment& segment_;
  NesoRings& rings_;
  const int64_t spin_ns_;
  std::atomic<bool> closed_ = false;
  std::atomic<bool> spoiled_ = false;
  // Counts messages to the worker. What it answers comes after what it was sent, and so does what is done because of
  // the answer, such as writing to memory that it has given back; but that order runs through another process, where
  // neither the language nor a thread sanitizer sees it.
  std::atomic<uint32_t> sent_ = 0;
  std::mutex work_mutex_;
  std::mutex reply_mutex_;
  std::deque<NesoSlot> stalled_replies_;
  std::deque<ReplyBody> reply_bodies_;  // in their order; the room is a ring, too
  uint32_t reply_end_ = 0;              // of the last one
  std::mutex reader_mutex_;
  std::atomic<uint32_t> head_ = 0;  // of the answers; the ring's is a copy for the worker
};

// Reads the answers; one at a time.
class Channel::Reader {
 public:
  explicit Reader(Channel& channel);
  // If somebody else reads, this does not.
  Reader(Channel& channel, std::try_to_lock_t);
  // Afterwards the caller drains the channel: what came last may have found nobody.
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  bool reads() const { return lock_.owns_lock(); }
  enum class Found { kMessage, kGone, kSpoiled, kTimeout };
  // Waits for a message; kGone: the worker has ended and left none.
  Found Next(NesoSlot& slot, std::chrono::milliseconds limit);
  // Does not wait.
  bool Poll(NesoSlot& slot);
  // The message was handled: the worker may use its memory again.
  void Done();

 private:
  Found Take(uint32_t waiting, NesoSlot& slot);

  Channel& channel_;
  std::unique_lock<std::mutex> lock_;
};

template <typename Handle>
bool Channel::Drain(const Handle& handle) {
  while (NeedsReader()) {
    Reader reader(*this, std::try_to_lock);
    if (!reader.reads()) return true;
    NesoSlot slot;
    while (HasAnswers()) {
      if (!reader.Poll(slot) || !handle(slot)) return false;
      reader.Done();
    }
  }
  return true;
}

}  // namespace neso::python
