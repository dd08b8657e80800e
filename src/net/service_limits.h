// What one service lets its clients do, beyond which it protects itself and the other clients. Each is an operator's to
// choose (--http-limit, --grpc-limit); docs/limits.md tells what happens beyond.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace neso::net {

struct ServiceLimits {
  size_t max_connections = 100'000;

  // Of one connection:
  size_t max_streams = 1000;                  // open requests of HTTP/2
  size_t max_head_bytes = 64 * 1024;          // of one request
  size_t max_open_head_bytes = 8u << 20;      // of all open requests together
  size_t max_unfinished_bytes = 1024u << 20;  // of bodies and messages that have not come whole, if there are several
  size_t max_unread_bytes = 8u << 20;         // of answers, before new requests wait and streamed answers are cut

  std::chrono::milliseconds head_timeout{60'000};  // from the first byte of a head to its last
  std::chrono::milliseconds progress_timeout{
      300'000};                               // without any progress in a body, or in the reading of an answer
  size_t min_bytes_per_second = 256;          // of a body and of an answer, beside one progress_timeout
  std::chrono::milliseconds idle_timeout{0};  // of a connection without requests; 0: none

  // Of gRPC:
  size_t max_message_bytes = INT32_MAX;  // after decompression too
};

}  // namespace neso::net
