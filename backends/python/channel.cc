#include "channel.h"

#include <algorithm>
#include <cstring>

#include "neso/processors.h"

namespace neso::python {
namespace {

// Spinning saves a wake-up where processors are idle anyway, and takes the worker's own where they are few.
constexpr int64_t kSpinNs = 20'000;
constexpr size_t kProcessorsToSpin = 8;
constexpr int kWaitMs = 1000;  // a worker that does not wake us costs a second, not for ever

}  // namespace

Channel::Channel(const Segment& segment)
    : segment_(segment), rings_(segment.rings()), spin_ns_(UsableProcessors() >= kProcessorsToSpin ? kSpinNs : 0) {
  rings_.answers.consumer = NESO_CONSUMER_ABSENT;
}

bool Channel::PushWork(const NesoSlot& slot) {
  const std::lock_guard lock(work_mutex_);
  sent_.fetch_add(1, std::memory_order_release);
  return NesoRingPush(&rings_.work, &slot, -1) != 0;
}

void Channel::PushReply(const NesoSlot& slot) {
  const std::lock_guard lock(reply_mutex_);
  if (closed()) return;
  sent_.fetch_add(1, std::memory_order_release);
  if (stalled_replies_.empty() && NesoRingPush(&rings_.replies, &slot, -1) != 0) return;
  stalled_replies_.push_back(slot);
  __atomic_store_n(&rings_.replies_stalled, 1u, __ATOMIC_SEQ_CST);
}

bool Channel::PushSmallReply(NesoSlot slot, std::span<const std::byte> body) {
  if (body.empty() || body.size() > Segment::kReplyRoom / 4) return false;
  const std::lock_guard lock(reply_mutex_);
  if (closed()) return true;
  if (!stalled_replies_.empty()) return false;
  const auto size = static_cast<uint32_t>(body.size());
  const std::optional<uint32_t> begin = PlaceReply(size);
  if (!begin) return false;
  slot.offset = Segment::kReplies + *begin;
  slot.length = size;
  std::memcpy(segment_.At(slot.offset), body.data(), size);
  sent_.fetch_add(1, std::memory_order_release);
  const uint32_t number = __atomic_load_n(&rings_.replies.tail, __ATOMIC_RELAXED);
  if (NesoRingPush(&rings_.replies, &slot, -1) == 0) return false;
  reply_bodies_.push_back({.slot = number, .begin = *begin});
  reply_end_ = *begin + size;
  return true;
}

std::optional<uint32_t> Channel::PlaceReply(uint32_t size) {
  const uint32_t head = __atomic_load_n(&rings_.replies.head, __ATOMIC_ACQUIRE);
  while (!reply_bodies_.empty() && static_cast<int32_t>(head - reply_bodies_.front().slot) > 0) {
    reply_bodies_.pop_front();
  }
  if (reply_bodies_.empty()) return 0;
  const uint32_t first = reply_bodies_.front().begin;
  if (reply_end_ <= first) return reply_end_ + size < first ? std::optional(reply_end_) : std::nullopt;
  if (reply_end_ + size <= Segment::kReplyRoom) return reply_end_;
  return size < first ? std::optional<uint32_t>(0) : std::nullopt;
}

void Channel::OnPull() {
  const std::lock_guard lock(reply_mutex_);
  while (!stalled_replies_.empty() && NesoRingPush(&rings_.replies, &stalled_replies_.front(), -1) != 0) {
    stalled_replies_.pop_front();
  }
  __atomic_store_n(&rings_.replies_stalled, stalled_replies_.empty() ? 0u : 1u, __ATOMIC_SEQ_CST);
}

void Channel::Close() {
  closed_.store(true, std::memory_order_release);
  __atomic_store_n(&rings_.answers.consumer, NESO_CONSUMER_AWAKE, __ATOMIC_SEQ_CST);
  NesoRingWake(&rings_.answers);
}

bool Channel::HasAnswers() const {
  return !spoiled_.load(std::memory_order_acquire) && NesoRingWaiting(&rings_.answers, head_.load()) != 0;
}

bool Channel::NeedsReader() const {
  if (HasAnswers()) return true;
  // Once the worker is gone, nobody rings any more: Close() has left the word as it is.
  return !closed() && __atomic_load_n(&rings_.answers.consumer, __ATOMIC_SEQ_CST) == NESO_CONSUMER_AWAKE;
}

Channel::Reader::Reader(Channel& channel) : channel_(channel), lock_(channel.reader_mutex_) {
  __atomic_store_n(&channel_.rings_.answers.consumer, NESO_CONSUMER_AWAKE, __ATOMIC_SEQ_CST);
}

Channel::Reader::Reader(Channel& channel, std::try_to_lock_t)
    : channel_(channel), lock_(channel.reader_mutex_, std::try_to_lock) {
  if (reads()) __atomic_store_n(&channel_.rings_.answers.consumer, NESO_CONSUMER_AWAKE, __ATOMIC_SEQ_CST);
}

Channel::Reader::~Reader() {
  if (reads()) __atomic_store_n(&channel_.rings_.answers.consumer, NESO_CONSUMER_ABSENT, __ATOMIC_SEQ_CST);
}

Channel::Reader::Found Channel::Reader::Next(NesoSlot& slot, std::chrono::milliseconds limit) {
  const bool limited = limit != std::chrono::milliseconds::max();
  const auto deadline = limited ? std::chrono::steady_clock::now() + limit : std::chrono::steady_clock::time_point();
  for (;;) {
    const bool closed = channel_.closed();  // before looking: what was written before the end is read
    const uint32_t head = channel_.head_.load(std::memory_order_relaxed);
    const int wait_ms = limited ? static_cast<int>(std::min<int64_t>(limit.count(), kWaitMs)) : kWaitMs;
    const uint32_t waiting = closed ? NesoRingWaiting(&channel_.rings_.answers, head)
                                    : NesoRingWait(&channel_.rings_.answers, head, channel_.spin_ns_, wait_ms);
    if (waiting != 0) return Take(waiting, slot);
    if (closed) return Found::kGone;
    if (limited && std::chrono::steady_clock::now() >= deadline) return Found::kTimeout;
  }
}

bool Channel::Reader::Poll(NesoSlot& slot) {
  const uint32_t waiting = NesoRingWaiting(&channel_.rings_.answers, channel_.head_.load(std::memory_order_relaxed));
  return waiting != 0 && Take(waiting, slot) == Found::kMessage;
}

Channel::Reader::Found Channel::Reader::Take(uint32_t waiting, NesoSlot& slot) {
  (void)channel_.sent_.load(std::memory_order_acquire);
  if (waiting > NESO_RING_SLOTS || channel_.spoiled_.load(std::memory_order_acquire)) return Found::kSpoiled;
  slot = channel_.rings_.answers.slots[channel_.head_.load(std::memory_order_relaxed) % NESO_RING_SLOTS];
  return Found::kMessage;
}

void Channel::Reader::Done() {
  const uint32_t head = channel_.head_.load(std::memory_order_relaxed) + 1;
  channel_.head_.store(head, std::memory_order_relaxed);
  __atomic_store_n(&channel_.rings_.answers.head, head, __ATOMIC_RELEASE);
}

}  // namespace neso::python
