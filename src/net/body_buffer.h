// Puts the bytes of one body or message together, in one buffer, as they come.
//
//   BodyBuffer body;
//   body.Start(content_length, aligned_offset);
//   read(fd, body.Direct());  body.Filled(n);  // straight to their final place
//   body.Append(bytes);                        // or copied there
//   BufferRef whole = body.Take();
//
// A length that was announced gets one buffer of exactly its size, so that every byte is copied by the kernel only. But
// an announcement costs a client nothing: together, bodies may reserve so much address space ahead of their bytes and
// no more; beyond it a large one begins small and grows by copying. Memory is charged to the process's budget as it
// fills. Confined to the connection's strand.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "net/read_room.h"

namespace neso::net {

class BodyBuffer {
 public:
  BodyBuffer() = default;
  ~BodyBuffer() { GiveReservationBack(); }
  BodyBuffer(const BodyBuffer&) = delete;
  BodyBuffer& operator=(const BodyBuffer&) = delete;

  // Begins a body of `bytes`, or of unknown length; byte `aligned_offset` of it falls on a 64-byte border. All that
  // return false do so when the budget or the memory does not allow more: the body has to be refused then.
  [[nodiscard]] bool Start(size_t bytes, size_t aligned_offset = 0);
  void StartUnknown(size_t aligned_offset = 0);

  // Whether so much more is within the length given.
  bool Expects(size_t bytes) const { return bytes <= length_ - used_; }
  // `bytes` follow those that are there; they may lie where Direct() said. Precondition: Expects(bytes.size()).
  [[nodiscard]] bool Append(std::string_view bytes);
  // Room for as much more is likely to be needed soon.
  [[nodiscard]] bool Expect(size_t more) { return Reserve(used_ + more); }
  // Where the next bytes belong; empty when that is not known, or when there is no memory: Append tells.
  ReadRoom Direct();
  [[nodiscard]] bool Filled(size_t bytes);

  size_t size() const { return used_; }
  // The length given to Start has come.
  bool is_complete() const { return used_ == length_; }
  // Exactly the bytes that came; null before the first of a body of unknown length. A new body may be started then.
  BufferRef Take();

 private:
  // Makes room for `bytes` in all.
  bool Reserve(size_t bytes);
  bool Replace(size_t capacity);
  void GiveReservationBack();

  static constexpr size_t kUnknown = SIZE_MAX;
  size_t length_ = 0;
  size_t used_ = 0;
  size_t aligned_offset_ = 0;  // modulo the border: where the byte will be does not depend on how long the body gets
  size_t reserved_ = 0;        // of what all bodies may reserve ahead
  BufferRef buffer_;
};

}  // namespace neso::net
