// One key: whose it is, and what its holder may do.
//
// The holder has a token, "neso_<id>_<secret>". The server knows the id, by which the key is found, and the SHA-256 of
// the whole token: tokens are random (232 bits), so there is nothing that a slow hash would protect, and one that is
// asked at each request has to be fast.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/places.h"
#include "base/sha256.h"
#include "frontend/access/access_right.h"

namespace neso {

// Whether `text` is what `pattern` says: '*' stands for any characters, also none, '?' for one. Linear in each of them
// for patterns with one '*', never worse than their product.
bool MatchesPattern(std::string_view pattern, std::string_view text);

struct AccessKey {
  std::string name;  // for people: it stands in logs and answers
  std::string id;
  Sha256Digest digest{};
  std::vector<std::string> models = {"*"};  // patterns
  std::vector<std::string> denied_models;   // likewise; they win
  AccessRights rights = kUsersRights;
  double requests_per_second = 0;  // 0: any
  uint32_t burst = 0;              // so many at once; 0: as many as come in a second, at least one
  uint32_t concurrent = 0;         // requests under way; 0: any
  std::optional<int64_t> expires;  // seconds since 1970, UTC

  bool operator==(const AccessKey&) const = default;

  bool Has(AccessRight right) const { return rights.Has(right); }
  bool Sees(std::string_view model) const;
  bool SeesAll() const { return denied_models.empty() && models.size() == 1 && models[0] == "*"; }
};

// "neso_<id>_<secret>": the id, or empty for a text that is no token.
std::string_view IdOfToken(std::string_view token);

// A new token, and the key for it, which still lacks its name. Random numbers are the system's.
struct NewToken {
  std::string token;
  std::string id;
  Sha256Digest digest{};
};
NewToken MakeToken();

// How much of its limits a key has used. It outlives changes of the key. Thread-safe, without locks.
class AccessUse {
 public:
  // Counts a request at `now`; zero if it may go on, else after how long the next one may.
  Nanoseconds TakeTurn(const AccessKey& key, TimePoint now);
  // Those of the requests that are under way.
  Places& places() { return places_; }

 private:
  std::atomic<int64_t> next_ns_{0};
  Places places_;
};

}  // namespace neso
