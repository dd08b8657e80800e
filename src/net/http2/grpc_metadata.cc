#include "net/http2/grpc_metadata.h"

#include "base/base64.h"

namespace neso::net {
namespace {

// Without padding, as gRPC sends it.
std::string BinaryValue(std::string_view bytes) {
  std::string text = EncodeBase64(bytes);
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

}  // namespace

void AddGrpcMetadata(const GrpcMetadata& metadata, Http2Fields& fields) {
  for (const auto& [name, value] : metadata) {
    if (name.starts_with("grpc-")) continue;
    fields.AddForeign(name, name.ends_with("-bin") ? BinaryValue(value) : value);
  }
}

}  // namespace neso::net
