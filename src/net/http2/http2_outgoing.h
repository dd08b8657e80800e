// The data of one stream that waits to be framed. Confined to the connection's strand.
//
//   outgoing.Push(piece); outgoing.PushEnd();
//   outgoing.Prepare(buffer, size, &flags);   // nghttp2's read callback: how much can be framed now
//   outgoing.MoveTo(output, size);            // the same bytes, when nghttp2 asks for them
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "net/http2/http2_output.h"

namespace neso::net {

class Http2Outgoing {
 public:
  void Push(Http2Piece piece);
  // Several, none of them empty.
  void PushAll(Http2Pieces pieces);
  void PushEnd() { is_ended_ = true; }
  void Clear();

  size_t bytes() const { return bytes_; }
  // What nghttp2 waits for is there; it is told once.
  bool TakeResume() { return (bytes_ > 0 || is_ended_) && std::exchange(is_deferred_, false); }

  // NGHTTP2_ERR_DEFERRED, or how much of up to `size` bytes can be framed, as nghttp2's read callback tells it. A few are
  // copied to `buffer` at once; others, which `*flags` tells, MoveTo takes.
  ssize_t Prepare(uint8_t* buffer, size_t size, uint32_t* flags);
  void MoveTo(Http2Output& output, size_t size);

 private:
  // Calls take(piece, its next bytes) until `size` bytes have gone.
  template <typename Take>
  void TakeBytes(size_t size, Take take);

  bool is_deferred_ = false;  // nghttp2 waits for more
  bool is_ended_ = false;
  Http2Pieces pieces_;
  size_t first_ = 0;
  size_t offset_ = 0;  // of the first
  size_t bytes_ = 0;
};

}  // namespace neso::net
