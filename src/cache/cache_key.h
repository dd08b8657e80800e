// What tells one request's answer from another's: under this key it stands in the response cache.
//
//   ASSIGN_OR_RETURN(const CacheKey key, HashRequest(*request, seed));
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/status.h"
#include "core/request.h"

namespace neso {

// 128 bits, as the text that a cache library gets.
class CacheKey {
 public:
  CacheKey(uint64_t high, uint64_t low);

  const char* c_str() const { return text_.data(); }
  std::string_view text() const { return {text_.data(), kDigits}; }
  uint64_t low() const { return low_; }
  bool operator==(const CacheKey& other) const { return text_ == other.text_; }

 private:
  static constexpr size_t kDigits = 32;
  uint64_t low_;
  std::array<char, kDigits + 1> text_;
};

// Over everything that a model answers by: its name and version; names, datatypes, shapes and bytes of the inputs; which
// outputs are wanted; custom parameters. The order in which a requester names them does not count. Requests with other
// ids, priorities and timeouts have the same key.
//
// `seed`: another one gives other keys. The hash is none of cryptography: a seed that is a secret keeps those who send
// requests from computing two of the same key.
// Precondition: the request has been submitted. Errors: kInternal for inputs that are not in the CPU's memory.
Expected<CacheKey> HashRequest(const InferenceRequest& request, uint64_t seed);

}  // namespace neso

template <>
struct std::hash<neso::CacheKey> {
  size_t operator()(const neso::CacheKey& key) const { return key.low(); }
};
