// Feeds bytes to head scanner, head parser, body assembly and chunk decoder the way a session does, and checks that it
// does not matter in which pieces they come.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/http1/http1_body.h"
#include "net/http1/http1_parser.h"

namespace {

using neso::net::BodyPolicy;
using neso::net::HeadScanner;
using neso::net::Http1Body;
using neso::net::Http1Error;
using neso::net::HttpHead;
using neso::net::RequestFraming;

// What a request came to, as text.
std::string Digest(std::string_view bytes, size_t step) {
  HeadScanner scanner;
  HeadScanner::Result scanned = HeadScanner::kIncomplete;
  for (size_t size = std::min(step, bytes.size()); scanned == HeadScanner::kIncomplete;
       size = std::min(size + step, bytes.size())) {
    scanned = scanner.Scan(bytes.substr(0, size));
    if (size == bytes.size()) break;
  }
  if (scanned != HeadScanner::kComplete) return scanned == HeadScanner::kBadLine ? "bad line" : "incomplete";
  HttpHead head;
  RequestFraming framing;
  const std::string copy(bytes.substr(0, scanner.head_bytes()));  // exactly sized: reading beyond it is seen
  if (const Http1Error error = ParseHead(copy, &head, &framing)) return error.message;
  std::string digest = std::string(head.method) + " " + std::string(head.path) + " " + std::string(head.query);
  for (const auto& [name, value] : head.headers) digest += std::string(name) + ":" + std::string(value) + ";";

  bytes.remove_prefix(scanner.head_bytes());
  Http1Body body;
  if (const Http1Error error = body.Start(framing, BodyPolicy{.max_bytes = 1 << 16, .aligned_offset = 10}))
    return digest + error.message;
  while (!body.done() && !bytes.empty()) {
    std::string_view input = bytes.substr(0, step);
    const size_t given = input.size();
    if (const Http1Error error = body.Consume(input)) return digest + error.message;
    bytes.remove_prefix(given - input.size());
  }
  if (!body.done()) return digest + " unfinished";
  const neso::BufferRef buffer = body.Take();
  if (buffer) digest.append(buffer->data(), buffer->size());
  return digest + std::to_string(bytes.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = Digest(bytes, SIZE_MAX / 2);
  for (const size_t step : {size_t{1}, size_t{7}}) {
    if (Digest(bytes, step) != whole) std::abort();
  }
  return 0;
}
