#include "frontend/access/access_key.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include "base/check.h"

namespace neso {
namespace {

constexpr std::string_view kTokenPrefix = "neso_";
constexpr size_t kIdLength = 10;      // 59 bits: no two keys of a server have the same
constexpr size_t kSecretLength = 39;  // 232 bits; a token of 55 characters is hashed as one block
constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

void FillRandom(std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    CHECK(got > 0, "Linux has random numbers once it has started");
    bytes = bytes.subspan(static_cast<size_t>(got));
  }
}

// Each character equally likely: what would make some of them likelier is thrown away.
std::string RandomText(size_t length) {
  constexpr size_t kFair = 256 / kDigits.size() * kDigits.size();
  std::string text;
  std::array<uint8_t, 64> bytes{};
  while (text.size() < length) {
    FillRandom(bytes);
    for (const uint8_t byte : bytes) {
      if (byte < kFair && text.size() < length) text += kDigits[byte % kDigits.size()];
    }
  }
  return text;
}

}  // namespace

// Goes back to the last '*' only, which is enough: what an earlier one would take, the last one can take as well.
bool MatchesPattern(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0;
  size_t star = std::string_view::npos, star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

// A model may be asked for with its namespace before its name: that must not be a way around what is denied.
bool AccessKey::Sees(std::string_view model) const {
  const size_t colons = model.rfind("::");
  const std::string_view name = colons == std::string_view::npos ? model : model.substr(colons + 2);
  const auto denies = [&](const std::string& pattern) {
    return MatchesPattern(pattern, model) || MatchesPattern(pattern, name);
  };
  return std::any_of(models.begin(), models.end(),
                     [model](const std::string& pattern) { return MatchesPattern(pattern, model); }) &&
         std::none_of(denied_models.begin(), denied_models.end(), denies);
}

std::string_view IdOfToken(std::string_view token) {
  if (!token.starts_with(kTokenPrefix)) return {};
  token.remove_prefix(kTokenPrefix.size());
  const size_t end = token.find('_');
  return end == std::string_view::npos ? std::string_view() : token.substr(0, end);
}

NewToken MakeToken() {
  NewToken made;
  made.id = RandomText(kIdLength);
  made.token = std::string(kTokenPrefix) + made.id + "_" + RandomText(kSecretLength);
  made.digest = Sha256(made.token);
  return made;
}

// The generic cell rate algorithm: one number says when the key will have used up what it has taken.
Nanoseconds AccessUse::TakeTurn(const AccessKey& key, TimePoint now) {
  const double interval = 1e9 / key.requests_per_second;
  const double burst = key.burst > 0 ? key.burst : std::max(1.0, key.requests_per_second);
  const int64_t now_ns = now.time_since_epoch().count();
  const auto step = static_cast<int64_t>(interval);
  constexpr double kEver = 4e18;  // nanoseconds that a sum with the clock can hold
  const auto ahead = static_cast<int64_t>(std::min(interval * (burst - 1), kEver));
  int64_t next = next_ns_.load(std::memory_order_relaxed);
  for (;;) {
    if (next - now_ns > ahead) return Nanoseconds(next - now_ns - ahead);
    if (next_ns_.compare_exchange_weak(next, std::max(next, now_ns) + step, std::memory_order_relaxed)) return {};
  }
}

}  // namespace neso
