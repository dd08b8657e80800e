// The fields of a head that is sent over HTTP/2.
//
//   Http2Fields fields;
//   fields.AddFixed(":status", "200");
//   session.SubmitHead(stream, fields, true);
#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/block_cache.h"

namespace neso::net {

class Http2Fields {
 public:
  Http2Fields() { fields_.reserve(kUsual); }

  // Both live as long as the program.
  void AddFixed(std::string_view name, std::string_view value) {
    Add(name, value, NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE);
  }
  // The name lives as long as the program; the value until the head is submitted.
  void AddValue(std::string_view name, std::string_view value) { Add(name, value, NGHTTP2_NV_FLAG_NO_COPY_NAME); }
  // The name lives as long as the program; the value is kept here.
  void AddOwned(std::string_view name, std::string value) {
    AddValue(name, *texts_.emplace_back(std::make_unique<std::string>(std::move(value))));
  }
  // Somebody else's text: the name in lower case, no control characters. Fields that only HTTP/1.1 has are left out.
  void AddForeign(std::string_view name, std::string_view value);

  const nghttp2_nv* data() const { return fields_.data(); }
  size_t size() const { return fields_.size(); }
  // Counted as RFC 9113, 6.5.2 does.
  size_t bytes() const { return bytes_; }

 private:
  void Add(std::string_view name, std::string_view value, unsigned flags) {
    bytes_ += name.size() + value.size() + 32;
    fields_.push_back({Bytes(name), Bytes(value), name.size(), value.size(), static_cast<uint8_t>(flags)});
  }
  static uint8_t* Bytes(std::string_view text) {
    return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(text.data()));
  }

  static constexpr size_t kUsual = 6;

  std::vector<nghttp2_nv, BlockAllocator<nghttp2_nv>> fields_;
  size_t bytes_ = 0;
  std::vector<std::unique_ptr<std::string>> texts_;
};

}  // namespace neso::net
