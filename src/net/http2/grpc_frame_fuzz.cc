// Feeds bytes to the reader of gRPC messages, and checks that it does not matter in which pieces they come, nor whether
// they are read in place.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "net/http2/grpc_frame_reader.h"

namespace {

using neso::net::GrpcFrameReader;

// What the bytes came to, as text.
std::string Digest(std::string_view bytes, size_t step, bool in_place) {
  GrpcFrameReader reader(1 << 16);
  std::string digest;
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    if (const std::span<char> direct = reader.Direct().bytes; in_place && !direct.empty()) {
      const size_t size = std::min(direct.size(), piece.size());
      std::memcpy(direct.data(), piece.data(), size);
      bytes = std::string_view(piece.data() + size, piece.size() - size + bytes.size());
      piece = {direct.data(), size};
    }
    for (;;) {
      GrpcFrameReader::Message message;
      const GrpcFrameReader::Result result = reader.Next(piece, &message);
      if (result == GrpcFrameReader::Result::kMore) break;
      if (result != GrpcFrameReader::Result::kMessage)
        return digest + "error " + std::to_string(static_cast<int>(result));
      digest += message.compressed ? "c" : "p";
      digest.append(message.bytes->data(), message.bytes->size()) += ";";
    }
    if (!piece.empty()) std::abort();  // kMore means that all is used up
  }
  return digest + (reader.AtBorder() ? "end" : "cut");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = Digest(bytes, bytes.size() + 1, false);
  for (const size_t step : {size_t{1}, size_t{3}, size_t{64}}) {
    if (Digest(bytes, step, false) != whole || Digest(bytes, step, true) != whole) std::abort();
  }
  return 0;
}
