// What stands before each message of a gRPC call. Source: "gRPC over HTTP2", Length-Prefixed-Message.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace neso::net {

inline constexpr size_t kGrpcPrefixBytes = 5;

class GrpcPrefix {
 public:
  // Of a message of `size` bytes, at most UINT32_MAX.
  GrpcPrefix(bool is_compressed, size_t size)
      : bytes_{is_compressed ? '\1' : '\0', Byte(size, 24), Byte(size, 16), Byte(size, 8), Byte(size, 0)} {}
  std::string_view view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  static char Byte(size_t size, int shift) { return static_cast<char>(size >> shift & 0xff); }
  std::array<char, kGrpcPrefixBytes> bytes_;
};

}  // namespace neso::net
