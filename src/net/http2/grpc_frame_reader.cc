#include "net/http2/grpc_frame_reader.h"

#include <algorithm>
#include <cstring>

namespace neso::net {

GrpcFrameReader::Result GrpcFrameReader::Next(std::string_view& input, Message* message) {
  if (prefix_bytes_ < kGrpcPrefixBytes) {
    const size_t taken = std::min(kGrpcPrefixBytes - prefix_bytes_, input.size());
    if (taken > 0) std::memcpy(prefix_ + prefix_bytes_, input.data(), taken);
    prefix_bytes_ += taken;
    input.remove_prefix(taken);
    if (prefix_bytes_ < kGrpcPrefixBytes) return Result::kMore;
    if (prefix_[0] > 1) return Result::kBadFlag;
    message_bytes_ = uint32_t{prefix_[1]} << 24 | uint32_t{prefix_[2]} << 16 | uint32_t{prefix_[3]} << 8 | prefix_[4];
    if (message_bytes_ > max_message_bytes_) return Result::kTooLarge;
    if (!body_.Start(message_bytes_)) return Result::kNoMemory;
  }
  const std::string_view ours = input.substr(0, message_bytes_ - body_.size());
  input.remove_prefix(ours.size());
  if (!body_.Append(ours)) return Result::kNoMemory;
  if (!body_.is_complete()) return Result::kMore;
  message->bytes = body_.Take();
  message->compressed = prefix_[0] == 1;
  prefix_bytes_ = 0;
  return Result::kMessage;
}

}  // namespace neso::net
