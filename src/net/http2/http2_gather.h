// One read of a socket that puts the payload of several DATA frames where it belongs, and their headers elsewhere.
//
// A client that sends a tensor in frames of 16 KiB sends them one after another, so what comes next can be guessed: the
// rest of this frame, then a header and a payload of the same size, and so on until the message is complete. The guess
// is checked before each payload is handed on; what did not come as guessed is copied away first.
//
//   Http2Gather gather(room, tracker.left(), tracker.frame_bytes(), scratch);
//   n = read(gather.pieces());
//   for (each piece that was filled) if (gather guessed right) feed it, else feed gather.Rest(piece, n)
//
// Source: RFC 9113, 4.1 and 6.1. Confined to the connection's strand.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>

namespace neso::net {

class Http2Gather {
 public:
  // `room` is where the message's next bytes belong (at most what is to be read), `left` bytes of them in the current
  // frame of `frame_bytes`. What follows is read to `scratch`.
  Http2Gather(std::span<char> room, size_t left, size_t frame_bytes, std::span<char> scratch);

  // Even pieces but the last are payload, odd ones the headers between them; the last is `scratch`'s rest.
  std::span<iovec> pieces() { return {pieces_.data(), count_}; }
  bool IsPayload(size_t piece) const { return piece + 1 < count_ && piece % 2 == 0; }
  // A copy of what was read from `piece` on, when `bytes` of it and of those behind it were.
  std::string Rest(size_t piece, size_t bytes) const;

 private:
  static constexpr size_t kFrames = 40;  // some 640 KiB in frames of the usual size

  std::array<iovec, 2 * kFrames> pieces_;
  size_t count_ = 0;
};

}  // namespace neso::net
