// The heads of one connection's requests. A client's are nearly all alike, byte for byte: one that is the one before is
// not read again. Confined to the connection's strand.
//
//   SharedHttp1Head head = heads.Again(bytes);
//   if (head == nullptr) head = heads.Read(bytes.substr(0, scanner.head_bytes()), &error);
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/block_cache.h"
#include "net/http1/http1_parser.h"
#include "net/http_exchange.h"

namespace neso::net {

// A head with the text that its views point into.
struct Http1Head {
  HttpHead head;
  RequestFraming framing;
  BlockBytes bytes;
  size_t size = 0;
  std::string_view text() const { return {bytes.get(), size}; }
};
// Several requests may have the same.
using SharedHttp1Head = std::shared_ptr<const Http1Head>;

class Http1Heads {
 public:
  explicit Http1Heads(const PeerAddress& peer) : peer_(peer) {}
  // The head before, if `bytes` begin with it; else null.
  SharedHttp1Head Again(std::string_view bytes) const {
    return last_ != nullptr && bytes.starts_with(last_->text()) ? last_ : nullptr;
  }
  // Reads a complete head, of which it keeps a copy. With an error, what came before it is there.
  SharedHttp1Head Read(std::string_view head, Http1Error* error);

 private:
  const PeerAddress peer_;
  SharedHttp1Head last_;
};

}  // namespace neso::net
