#include "net/body_buffer.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/memory_budget.h"

namespace neso::net {
namespace {

// Reserved for the asking: a connection costs as much in any case.
constexpr size_t kFirstBytes = 64 * 1024;
constexpr size_t kFreeBytes = 1u << 20;
// Growing by copying costs a third of the body's size in copies.
constexpr size_t kGrowth = 4;

// Address space that bodies have reserved, together, ahead of their bytes.
std::atomic<size_t> reserved_ahead{0};

// Of the 128 TiB that a process has, or of what it is limited to.
size_t MaxReservedAhead() {
  static const size_t most = [] {
    rlimit limit{};
    const bool is_limited = getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    return is_limited ? static_cast<size_t>(limit.rlim_cur / 8) : size_t{1} << 40;
  }();
  return most;
}

bool ReserveAhead(size_t bytes) {
  if (bytes > MaxReservedAhead()) return false;
  if (reserved_ahead.fetch_add(bytes, std::memory_order_relaxed) + bytes <= MaxReservedAhead()) return true;
  reserved_ahead.fetch_sub(bytes, std::memory_order_relaxed);
  return false;
}

}  // namespace

bool BodyBuffer::Start(size_t bytes, size_t aligned_offset) {
  StartUnknown(aligned_offset);
  length_ = bytes;
  if (bytes > MemoryBudget::OfProcess().limit()) return false;  // it will not fit however long it takes
  if (bytes > kFreeBytes) {
    if (!ReserveAhead(bytes)) return Replace(kFirstBytes);
    reserved_ = bytes;
  }
  return Replace(bytes);
}

void BodyBuffer::StartUnknown(size_t aligned_offset) {
  GiveReservationBack();
  length_ = kUnknown;
  used_ = 0;
  aligned_offset_ = aligned_offset % kTensorAlignment;
  buffer_ = {};
}

bool BodyBuffer::Append(std::string_view bytes) {
  if (bytes.empty()) return true;
  CHECK(Expects(bytes.size()), "the buffer is as large as the length that was given");
  if (!Reserve(used_ + bytes.size())) return false;
  char* const place = buffer_->data() + used_;
  if (place != bytes.data()) std::memcpy(place, bytes.data(), bytes.size());
  return Filled(bytes.size());
}

ReadRoom BodyBuffer::Direct() {
  if (length_ == kUnknown || used_ == length_) return {};
  if (!Reserve(used_ + 1)) return {};
  const size_t end = std::min(length_, buffer_->size());
  return {buffer_->bytes().subspan(used_, end - used_), buffer_};
}

bool BodyBuffer::Filled(size_t bytes) {
  CHECK(Expects(bytes), "the buffer is as large as the length that was given");
  used_ += bytes;
  return buffer_->ChargeFilled(used_);
}

BufferRef BodyBuffer::Take() {
  if (buffer_) buffer_->Shrink(used_);
  GiveReservationBack();
  used_ = length_ = 0;
  return std::exchange(buffer_, {});
}

bool BodyBuffer::Reserve(size_t bytes) {
  if (buffer_ && bytes <= buffer_->size()) return true;
  const size_t grown = buffer_ ? buffer_->size() * kGrowth : kFirstBytes;
  return Replace(std::min(std::max(bytes, grown), length_));
}

bool BodyBuffer::Replace(size_t capacity) {
  BufferRef larger = Buffer::TryAllocate(std::max(capacity, aligned_offset_), aligned_offset_, BufferCharge::kAsFilled);
  if (!larger || !larger->ChargeFilled(used_)) return false;
  if (used_ > 0) std::memcpy(larger->data(), buffer_->data(), used_);
  buffer_ = std::move(larger);
  return true;
}

void BodyBuffer::GiveReservationBack() {
  if (reserved_ > 0) reserved_ahead.fetch_sub(std::exchange(reserved_, 0), std::memory_order_relaxed);
}

}  // namespace neso::net
