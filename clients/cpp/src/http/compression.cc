#include "http/compression.h"

#ifdef TRITON_ENABLE_ZLIB
#include <zlib.h>

#include <algorithm>
#include <climits>
#endif

namespace triton {
namespace client {

using CompressionType = InferenceServerHttpClient::CompressionType;

const char* CodingName(CompressionType type) {
  switch (type) {
    case CompressionType::DEFLATE: return "deflate";
    case CompressionType::GZIP: return "gzip";
    case CompressionType::NONE: break;
  }
  return nullptr;
}

#ifdef TRITON_ENABLE_ZLIB
namespace {

class Deflater {
 public:
  Deflater(std::string* out, CompressionType type) : out_(out) {
    constexpr int kWindowBits = 15, kWithGzipHeader = 16, kMemoryLevel = 8;
    const int bits = kWindowBits + (type == CompressionType::GZIP ? kWithGzipHeader : 0);
    ready_ = deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, bits, kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK;
  }
  ~Deflater() {
    if (ready_) deflateEnd(&stream_);
  }
  Deflater(const Deflater&) = delete;

  bool ready() const { return ready_; }
  void Add(const void* data, size_t byte_size) {
    for (auto* at = static_cast<const Bytef*>(data); byte_size > 0;) {
      const auto part = static_cast<uInt>(std::min<size_t>(byte_size, UINT_MAX));
      stream_.next_in = const_cast<Bytef*>(at);  // zlib only reads it
      stream_.avail_in = part;
      Run(Z_NO_FLUSH);
      at += part;
      byte_size -= part;
    }
  }
  void Finish() { Run(Z_FINISH); }

 private:
  void Run(int flush) {
    do {
      stream_.next_out = buffer_;
      stream_.avail_out = sizeof buffer_;
      deflate(&stream_, flush);
      out_->append(reinterpret_cast<char*>(buffer_), sizeof buffer_ - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

  std::string* const out_;
  z_stream stream_{};
  bool ready_;
  Bytef buffer_[16 * 1024];
};

}  // namespace

Error Compress(std::string* compressed, CompressionType type, const InferBody& body) {
  Deflater deflater(compressed, type);
  if (!deflater.ready()) return Error("zlib has no memory to compress a request");
  deflater.Add(body.json.data(), body.json.size());
  for (const auto& [data, size] : body.tensors) deflater.Add(data, size);
  deflater.Finish();
  return Error::Success;
}
#else
Error Compress(std::string*, CompressionType, const InferBody&) {
  return Error("Compression type needs to be CompressionType::NONE since ZLIB is not included in client build");
}
#endif

}  // namespace client
}  // namespace triton
