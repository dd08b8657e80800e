// Puts the head of an HTTP/2 request together from the fields that HPACK yields. Confined to the connection's strand.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/block_cache.h"
#include "net/http_exchange.h"

namespace neso::net {

// A head with the text that its views point into.
struct OwnedHttpHead {
  HttpHead head;
  BlockBytes text;
  size_t bytes = 0;  // counted as RFC 9113, 6.5.2 does
};

class Http2HeadCollector {
 public:
  // Starts anew; fields beyond `limit` bytes are dropped. Blanks around a value mean nothing to HTTP, and are kept for
  // gRPC.
  void Start(size_t limit, bool keeps_blanks);
  void Add(std::string_view name, std::string_view value);
  bool too_large() const { return bytes_ > limit_; }
  // Of what Take gives.
  size_t kept_bytes() const { return std::min(bytes_, limit_); }
  // ":authority" becomes "host", ":scheme" is dropped.
  OwnedHttpHead Take();

 private:
  struct Field {
    size_t name_size;
    size_t value_size;
  };
  std::string text_;  // names and values in turn
  std::vector<Field> fields_;
  size_t bytes_ = 0;
  size_t limit_ = 0;
  bool keeps_blanks_ = false;
};

}  // namespace neso::net
