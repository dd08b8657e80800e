// The grammar of HTTP/1.1 requests (RFC 9112), strict: what two parties could read differently is refused.
//
//   HeadScanner scanner;
//   while (scanner.Scan(bytes) == HeadScanner::kIncomplete) bytes = MoreBytes();
//   HttpHead head; RequestFraming framing;
//   Http1Error error = ParseHead(bytes.substr(0, scanner.head_bytes()), &head, &framing);
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/http_exchange.h"

namespace neso::net {

// Why a request is refused: an HTTP status and a text for the client. No error: status 0.
struct Http1Error {
  int status = 0;
  const char* message = "";
  explicit operator bool() const { return status != 0; }
};

// Where the body ends, and what happens after the answer.
struct RequestFraming {
  bool chunked = false;
  bool has_length = false;
  uint64_t length = 0;
  bool keep_alive = true;
  bool expect_continue = false;
};

// Finds the empty line that ends a head. Remembers where it stopped, so that a slow client costs linear time.
class HeadScanner {
 public:
  enum Result { kIncomplete, kComplete, kBadLine };
  // `bytes` starts where it started before and has more at its end. kBadLine: a line does not end in CR LF.
  Result Scan(std::string_view bytes);
  size_t head_bytes() const { return head_bytes_; }  // the empty line included
  size_t lines() const { return lines_; }            // complete ones so far
  void Reset() { *this = HeadScanner(); }

 private:
  size_t scanned_ = 0;
  size_t line_start_ = 0;
  size_t lines_ = 0;
  size_t head_bytes_ = 0;
};

inline constexpr size_t kMaxHeaders = 256;

// Reads a complete head, ending with the empty line. The views of `out` point into `head`.
Http1Error ParseHead(std::string_view head, HttpHead* out, RequestFraming* framing);

// Takes the chunked coding apart. Extensions and trailers are read and dropped.
class ChunkDecoder {
 public:
  static constexpr size_t kMaxChunks = 65536;  // Triton's limit, for requests

  // Of so many chunks with data, and no more.
  explicit ChunkDecoder(size_t max_chunks = kMaxChunks) : max_chunks_(max_chunks) {}

  // Removes coding from the front of `input` and returns the next piece of data, which it removes too. An empty piece
  // means that the input is used up, the body has ended, or an error was found.
  std::string_view Next(std::string_view& input);
  bool done() const { return state_ == State::kDone; }
  Http1Error error() const { return error_; }
  // Data bytes of the current chunk that Next has not returned yet.
  uint64_t chunk_left() const { return left_; }
  size_t non_empty_chunks() const { return chunks_; }

 private:
  enum class State {
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailer,
    kTrailerLine,
    kTrailerLf,
    kEndLf,
    kDone
  };
  void Step(char c);
  void Fail(const char* message) { error_ = {400, message}; }

  size_t max_chunks_;
  State state_ = State::kSize;
  int digits_ = 0;
  uint64_t left_ = 0;
  size_t chunks_ = 0;
  size_t overhead_ = 0;  // bytes of extensions and trailers so far
  Http1Error error_;
};

}  // namespace neso::net
