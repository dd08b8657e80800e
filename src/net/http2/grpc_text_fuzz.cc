// Feeds bytes to the readers and writers of the texts in a gRPC call's head and trailers, and checks what they promise.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/http2/grpc_text.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

int HexDigit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

// As a client reads it.
std::string Decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); i++) {
    Require(text[i] >= 0x20 && text[i] <= 0x7e);
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    Require(i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0);
    decoded += static_cast<char>(HexDigit(text[i + 1]) << 4 | HexDigit(text[i + 2]));
    i += 2;
  }
  return decoded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace neso::net;
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  const std::string encoded = EncodeGrpcMessage(text);
  Require(encoded.size() <= kMaxGrpcMessageBytes);
  const std::string decoded = Decoded(encoded);
  if (decoded != text) Require(decoded.ends_with("...") && text.starts_with(decoded.substr(0, decoded.size() - 3)));

  if (const auto timeout = ParseGrpcTimeout(text)) Require(timeout->count() >= 0 && size >= 2 && size <= 9);
  if (IsGrpcContentType(text)) Require(text.starts_with("application/grpc"));
  for (const GrpcCompression level : {GrpcCompression::kLow, GrpcCompression::kMedium, GrpcCompression::kHigh}) {
    const ContentEncoding chosen = ChooseGrpcEncoding(level, text);
    Require(chosen == ContentEncoding::kIdentity || text.find(ContentEncodingName(chosen)) != std::string_view::npos);
  }
  return 0;
}
