// Takes the messages of one gRPC call out of its data, each into one buffer as its bytes come.
//
//   while (true) switch (reader.Next(bytes, &message)) {
//     case GrpcFrameReader::Result::kMessage: Handle(std::move(message)); break;
//     case GrpcFrameReader::Result::kMore: return;  // `bytes` is used up
//     ...
//   }
// Source: "gRPC over HTTP2", Length-Prefixed-Message. Confined to the connection's strand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/body_buffer.h"
#include "net/http2/grpc_prefix.h"

namespace neso::net {

class GrpcFrameReader {
 public:
  struct Message {
    BufferRef bytes;
    bool compressed = false;
  };
  enum class Result { kMore, kMessage, kBadFlag, kTooLarge, kNoMemory };  // the last three are final

  explicit GrpcFrameReader(size_t max_message_bytes) : max_message_bytes_(max_message_bytes) {}

  // Takes what it uses from the front of `input`.
  Result Next(std::string_view& input, Message* message);
  // Where the rest of the current message belongs; bytes read to there are not copied when Next sees them.
  ReadRoom Direct() { return AtBorder() ? ReadRoom() : body_.Direct(); }
  // The data may end here.
  bool AtBorder() const { return prefix_bytes_ == 0; }
  // Of a message that has begun and not ended.
  size_t PartialBytes() const { return AtBorder() ? 0 : prefix_bytes_ + body_.size(); }
  // Of the current message, once known.
  uint32_t message_bytes() const { return message_bytes_; }

 private:
  const size_t max_message_bytes_;
  uint8_t prefix_[kGrpcPrefixBytes] = {};
  size_t prefix_bytes_ = 0;
  uint32_t message_bytes_ = 0;
  BodyBuffer body_;
};

}  // namespace neso::net
