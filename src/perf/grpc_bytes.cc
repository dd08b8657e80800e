#include "perf/grpc_bytes.h"

#include <array>

#include "client/grpc_words.h"
#include "net/http2/grpc_prefix.h"

namespace neso::perf {
namespace {

using wire::MessageWriter;

constexpr uint32_t kId = 3, kParameters = 4;
constexpr uint32_t kBool = 1, kInt64 = 2;  // of InferParameter

void AddParameter(MessageWriter& message, std::string_view name, uint32_t kind, uint64_t value) {
  MessageWriter choice;
  choice.Add(kind, value);
  client::AddParameter(message, kParameters, name, choice);
}

}  // namespace

GrpcRequest MakeGrpcRequest(std::string_view body, std::string_view id, const Turn& turn,
                            net::ContentEncoding compression) {
  MessageWriter fields;
  if (!id.empty()) fields.Add(kId, id);
  if (turn.sequence != 0) {
    AddParameter(fields, "sequence_id", kInt64, turn.sequence);
    AddParameter(fields, "sequence_start", kBool, turn.starts);
    AddParameter(fields, "sequence_end", kBool, turn.ends);
  }
  if (compression != net::ContentEncoding::kIdentity) {
    const std::array<std::string_view, 2> pieces = {fields.bytes(), body};
    if (const Expected<std::string> compressed = net::Compress(compression, pieces))
      return {std::string(net::GrpcPrefix(true, compressed->size()).view()) + *compressed, {}};
  }
  const net::GrpcPrefix prefix(false, fields.bytes().size() + body.size());
  return {std::string(prefix.view()) + fields.bytes(), body};
}

}  // namespace neso::perf
