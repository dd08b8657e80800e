#include "frontend/grpc/control_message.h"

#include <google/protobuf/descriptor.h>

#include <string_view>

#include "frontend/grpc/grpc_status.h"
#include "frontend/grpc/wire_reader.h"

namespace neso {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// Takes the fields of `message`, a `type`, off `left`. False: there are more. What is malformed ends the counting: the
// parser will say so.
bool CountFields(std::string_view message, const Descriptor& type, int depth, size_t& left) {
  WireReader reader(message);
  uint32_t tag = 0;
  while (depth > 0 && !reader.AtEnd() && reader.ReadTag(tag)) {
    if (left-- == 0) return false;
    const WireType wire_type = static_cast<WireType>(tag & 7);
    // Of a group, which no message here has, the fields are counted as if they stood beside it.
    if (wire_type == WireType::kGroupBegin || wire_type == WireType::kGroupEnd) continue;
    if (wire_type != WireType::kBytes) {
      if (!reader.Skip(tag, depth)) return true;
      continue;
    }
    std::string_view value;
    if (!reader.ReadBytes(value)) return true;
    const FieldDescriptor* const field = type.FindFieldByNumber(static_cast<int>(tag >> 3));
    if (field == nullptr || field->type() != FieldDescriptor::TYPE_MESSAGE) continue;
    if (!CountFields(value, *field->message_type(), depth - 1, left)) return false;
  }
  return true;
}

}  // namespace

std::optional<net::GrpcStatus> ReadMessage(const BufferRef& bytes, google::protobuf::Message& message) {
  const std::string_view text = bytes ? std::string_view(bytes->data(), bytes->size()) : std::string_view("");
  if (text.size() > INT32_MAX) return UnreadableRequest();
  size_t left = kMaxMessageFields;
  if (!CountFields(text, *message.GetDescriptor(), kMaxWireDepth, left)) {
    return ToGrpcStatus(InvalidArg("expected a message of at most {} fields, got more", kMaxMessageFields));
  }
  if (!message.ParseFromArray(text.data(), static_cast<int>(text.size()))) return UnreadableRequest();
  return std::nullopt;
}

net::GrpcMessage Serialized(const google::protobuf::Message& message) {
  net::GrpcMessage serialized;
  serialized.head.resize(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(reinterpret_cast<uint8_t*>(serialized.head.data()));
  return serialized;
}

}  // namespace neso
