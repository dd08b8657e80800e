#include "repository/on_demand/failed_loads.h"

#include <algorithm>

namespace neso {
namespace {

Status Refused(const std::string& name, const Status& error, Nanoseconds pause) {
  const auto seconds = std::max<int64_t>(1, std::chrono::ceil<std::chrono::seconds>(pause).count());
  std::string reason = error.message();
  while (reason.ends_with('\n')) reason.pop_back();
  return Unavailable("model '{}' could not be loaded, and is tried again in {} s or when its files change: {}", name,
                     seconds, reason);
}

}  // namespace

void FailedLoads::Add(std::string_view name, const Status& error, uint64_t fingerprint, TimePoint now) {
  Failure& failure = failures_[std::string(name)];
  const bool again = failure.pause > Nanoseconds::zero() && failure.fingerprint == fingerprint;
  failure.error = error;
  failure.fingerprint = fingerprint;
  failure.pause = again ? std::min(failure.pause * 2, kLongestPause) : kFirstPause;
  failure.next_try = now + failure.pause;
  failure.next_look = now + kLook;
}

void FailedLoads::Forget(std::string_view name) {
  if (const auto found = failures_.find(name); found != failures_.end()) failures_.erase(found);
}

std::optional<Status> FailedLoads::Refusal(std::string_view name, TimePoint now) {
  const auto found = failures_.find(name);
  if (found == failures_.end() || now >= std::min(found->second.next_try, found->second.next_look)) return std::nullopt;
  return Reason(name, now);
}

std::optional<Status> FailedLoads::Refusal(std::string_view name, uint64_t fingerprint, TimePoint now) {
  const auto found = failures_.find(name);
  if (found == failures_.end()) return std::nullopt;
  if (found->second.fingerprint != fingerprint) {
    failures_.erase(found);
    return std::nullopt;
  }
  found->second.next_look = now + kLook;
  return Reason(name, now);
}

std::map<std::string, std::string> FailedLoads::Failing(TimePoint now) const {
  std::map<std::string, std::string> failing;
  for (const auto& [name, failure] : failures_) {
    if (now < failure.next_try + kLongestPause) failing.emplace(name, failure.error.message());
  }
  return failing;
}

std::optional<Status> FailedLoads::Reason(std::string_view name, TimePoint now) const {
  const auto found = failures_.find(name);
  if (found == failures_.end() || now >= found->second.next_try) return std::nullopt;
  return Refused(found->first, found->second.error, found->second.next_try - now);
}

}  // namespace neso
