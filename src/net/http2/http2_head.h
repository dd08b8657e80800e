// Puts the head of an HTTP/2 request together from the fields that HPACK yields. Confined to the connection's strand.
//
// A client's heads are nearly all alike. HPACK's table then yields most of the very texts that it yielded before, and the
// head made of them is taken again.
#pragma once

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/block_cache.h"
#include "net/http_exchange.h"

namespace neso::net {

// What every gRPC call asks its head for. Without the field the text is empty.
struct GrpcHead {
  bool is_call = false;  // otherwise the request is plain HTTP
  std::string_view timeout;
  std::string_view encoding;
  std::string_view accepted_encodings;
};

// A head with the text that its views point into.
struct OwnedHttpHead {
  HttpHead head;
  GrpcHead grpc;
  BlockBytes text;
  size_t bytes = 0;  // counted as RFC 9113, 6.5.2 does
  std::optional<uint64_t> content_length;
};
// Several requests may have the same.
using SharedHttpHead = std::shared_ptr<const OwnedHttpHead>;

// A name or a value, which nghttp2 counts references to; as long as there is one, its address is no other text's.
class Http2Text {
 public:
  explicit Http2Text(nghttp2_rcbuf* counted) : counted_(counted) { nghttp2_rcbuf_incref(counted_); }
  Http2Text(const Http2Text& other) : Http2Text(other.counted_) {}
  Http2Text(Http2Text&& other) noexcept : counted_(std::exchange(other.counted_, nullptr)) {}
  Http2Text& operator=(Http2Text other) noexcept {
    std::swap(counted_, other.counted_);
    return *this;
  }
  ~Http2Text() {
    if (counted_ != nullptr) nghttp2_rcbuf_decref(counted_);
  }

  std::string_view view() const { return View(counted_); }
  bool Is(nghttp2_rcbuf* other) const { return counted_ == other || view() == View(other); }

  static std::string_view View(nghttp2_rcbuf* counted) {
    const nghttp2_vec text = nghttp2_rcbuf_get_buf(counted);
    return {reinterpret_cast<const char*>(text.base), text.len};
  }

 private:
  nghttp2_rcbuf* counted_;
};

class Http2HeadCollector {
 public:
  explicit Http2HeadCollector(const PeerAddress& peer) : peer_(peer) {}
  // Starts anew; fields beyond `limit` bytes are dropped. Blanks around a value mean nothing to HTTP, and are kept for
  // gRPC. Both are the same for all heads of a connection.
  void Start(size_t limit, bool keeps_blanks);
  // As nghttp2's on_header_callback2 tells of it.
  void Add(nghttp2_rcbuf* name, nghttp2_rcbuf* value) {
    const bool is_same = same_ < last_fields_.size() && !has_diverged_ && last_fields_[same_].value.Is(value) &&
                         last_fields_[same_].name.Is(name);
    is_same ? void(++same_) : AddOther(name, value);
  }
  bool too_large() const { return has_diverged_ && bytes_ > limit_; }
  // ":authority" becomes "host", ":scheme" is dropped. Null when it is no request's (Http2HeadCheck).
  SharedHttpHead Take();

 private:
  struct Field {
    Http2Text name;
    Http2Text value;
    size_t bytes;
  };
  using Fields = std::vector<Field, BlockAllocator<Field>>;

  void AddOther(nghttp2_rcbuf* name, nghttp2_rcbuf* value);
  // Goes on with fields_ instead of last_fields_.
  void Diverge();
  SharedHttpHead Make() const;

  const PeerAddress peer_;
  Fields fields_;  // once there is a difference
  Fields last_fields_;
  SharedHttpHead last_;  // made of them
  size_t same_ = 0;      // so many of last_fields_ have come
  bool has_diverged_ = false;
  size_t bytes_ = 0;  // of what has come, once there is a difference
  size_t limit_ = 0;
  bool keeps_blanks_ = false;
};

}  // namespace neso::net
