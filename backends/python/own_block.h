// A block of the worker's own that a tensor lies in (kOwnBlock): the worker hears when this goes.
#pragma once

#include <cstdint>
#include <utility>

#include "segment.h"

namespace neso::python {

class OwnBlock {
 public:
  OwnBlock() = default;
  // `segment` is borrowed; the block lies in the worker's region.
  OwnBlock(const Segment& segment, uint64_t offset, uint64_t length)
      : segment_(&segment), offset_(offset), length_(length) {}
  OwnBlock(OwnBlock&& other) noexcept
      : segment_(std::exchange(other.segment_, nullptr)), offset_(other.offset_), length_(other.length_) {}
  OwnBlock& operator=(OwnBlock&& other) noexcept {
    std::swap(segment_, other.segment_);
    std::swap(offset_, other.offset_);
    std::swap(length_, other.length_);
    return *this;
  }
  ~OwnBlock() {
    if (segment_ != nullptr) segment_->ReturnToWorker(offset_, length_);
  }

  explicit operator bool() const { return segment_ != nullptr; }

 private:
  const Segment* segment_ = nullptr;
  uint64_t offset_ = 0;
  uint64_t length_ = 0;
};

}  // namespace neso::python
