// The memory that the server and one worker share: the rings, the region where the server writes what the worker reads,
// and the region the other way round.
//
// It is a memfd with large holes: memory is taken when it is written to, and both regions are as large as they will
// ever be from the beginning, so that nothing is mapped anew. Nobody else can open it, and it is gone with the last of
// the two processes, however they end. It is sealed: a worker cannot make it shorter under the server's feet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "neso/backend/status.h"
#include "ring.h"

namespace neso::python {

class Segment {
 public:
  // `limit`: how much each side may share at once, within what there is; 0 for no limit.
  static backend::Result<std::unique_ptr<Segment>> Create(uint64_t limit = 0);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  NesoRings& rings() const { return *reinterpret_cast<NesoRings*>(base_); }
  std::byte* At(uint64_t offset) const { return base_ + offset; }
  // The bytes that the other side names; nullptr if they are not all in the segment.
  const std::byte* Find(uint64_t offset, uint64_t length) const {
    return offset <= size_ && length <= size_ - offset ? base_ + offset : nullptr;
  }
  // As Find, in the worker's region.
  const std::byte* FindOfWorker(uint64_t offset, uint64_t length) const {
    return offset >= region() + region_size_ ? Find(offset, length) : nullptr;
  }
  // Gives the memory of a range back to the system.
  void Discard(uint64_t offset, uint64_t length) const;
  // Tells the worker that a block of its own (kOwnBlock) is read no longer. What lies far from the end of its region
  // goes back to the system.
  void ReturnToWorker(uint64_t offset, uint64_t length) const;

  uint64_t region_size() const { return region_size_; }
  // Where the server writes; the worker's region follows.
  uint64_t region() const { return kControlSize; }

  // For the worker to inherit; closed once it has it.
  int fd() const { return fd_; }
  void CloseFd();

  static constexpr uint64_t kControlSize = 65536;
  // Behind the rings, in the control area: bodies of small replies (Channel::PushSmallReply).
  static constexpr uint64_t kReplies = 32768;
  static constexpr uint64_t kReplyRoom = kControlSize - kReplies;
  // Memory that stays at one place of a region after it was used once.
  static constexpr uint64_t kKept = uint64_t{64} << 20;

 private:
  Segment(int fd, std::byte* base, uint64_t region_size);

  int fd_;
  std::byte* const base_;
  const uint64_t region_size_;
  const uint64_t size_;
};
static_assert(sizeof(NesoRings) <= Segment::kReplies);

}  // namespace neso::python
