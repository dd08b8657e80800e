// Puts the body of one HTTP/1.1 request together, in its final place.
//
// A body of known length goes straight to its final place: read the socket into Direct(). A chunked one is decoded from
// a scratch buffer into one that grows. Confined to the connection's strand.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "net/body_buffer.h"
#include "net/http1/http1_parser.h"

namespace neso::net {

class Http1Body {
 public:
  // Errors: 413 when the body is longer than the policy or the memory budget allows, 503 when there is no memory for it
  // now.
  Http1Error Start(const RequestFraming& framing, const BodyPolicy& policy);
  // Takes body bytes from the front of `input`, and leaves what comes after the body.
  Http1Error Consume(std::string_view& input);
  // Where the rest of a body of known length belongs; empty for a chunked one.
  std::span<char> Direct() { return buffer_.Direct().bytes; }
  Http1Error Filled(size_t bytes);

  bool done() const { return chunked_ ? decoder_.done() : buffer_.is_complete(); }
  size_t chunks() const { return decoder_.non_empty_chunks(); }
  // Null when the body is empty. Precondition: done().
  BufferRef Take();

 private:
  Http1Error ConsumeChunks(std::string_view& input);

  bool chunked_ = false;
  size_t length_ = 0;
  size_t max_bytes_ = 0;
  BodyBuffer buffer_;
  ChunkDecoder decoder_;
};

}  // namespace neso::net
