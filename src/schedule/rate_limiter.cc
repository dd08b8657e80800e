#include "schedule/rate_limiter.h"

#include <algorithm>
#include <utility>

namespace neso {

Expected<std::shared_ptr<ResourceClaim>> RateLimiter::Admit(const inference::ModelRateLimiter& config, int device) {
  std::vector<ResourceNeed> needs;
  {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(needs, table_.Add(config, device));
    // There may be more of a resource than before.
    Distribute(nullptr);
  }
  return std::make_shared<ResourceClaim>(shared_from_this(), std::move(needs), std::max(config.priority(), 1U));
}

bool RateLimiter::Take(ResourceClaim& claim, ResourceWaiter& waiter) {
  MutexLock lock(mutex_);
  return LineUp(claim, waiter);
}

bool RateLimiter::Renew(ResourceClaim& claim, ResourceWaiter& waiter) {
  MutexLock lock(mutex_);
  table_.GiveBack(claim.needs_);
  claim.has_resources_ = false;
  return LineUp(claim, waiter);
}

bool RateLimiter::LineUp(ResourceClaim& claim, ResourceWaiter& waiter) {
  claim.waiter_ = &waiter;
  line_.push_back(&claim);
  Distribute(&claim);
  return claim.has_resources_;
}

void RateLimiter::GiveBack(ResourceClaim& claim) {
  MutexLock lock(mutex_);
  table_.GiveBack(claim.needs_);
  claim.has_resources_ = false;
  claim.contender_.credit = 0;
  Distribute(nullptr);
}

bool RateLimiter::Withdraw(ResourceClaim& claim) {
  MutexLock lock(mutex_);
  return LeaveLine(claim);
}

bool RateLimiter::LeaveLine(ResourceClaim& claim) {
  if (std::exchange(claim.waiter_, nullptr) == nullptr) return false;
  std::erase(line_, &claim);
  claim.contender_.credit = 0;
  // It may have kept resources free.
  Distribute(nullptr);
  return true;
}

void RateLimiter::Remove(ResourceClaim& claim) {
  MutexLock lock(mutex_);
  if (std::exchange(claim.has_resources_, false)) table_.GiveBack(claim.needs_);
  if (!LeaveLine(claim)) Distribute(nullptr);
  table_.Remove(claim.needs_);
}

void RateLimiter::Distribute(const ResourceClaim* asking) {
  if (line_.empty()) return;
  contenders_.clear();
  for (ResourceClaim* claim : line_) contenders_.push_back(&claim->contender_);
  while (const std::optional<size_t> picked = PickContender(contenders_, table_.free())) {
    PayOthers(contenders_, *picked);
    ResourceClaim& claim = *line_[*picked];
    line_.erase(line_.begin() + static_cast<ptrdiff_t>(*picked));
    contenders_.erase(contenders_.begin() + static_cast<ptrdiff_t>(*picked));
    table_.Use(claim.needs_);
    claim.has_resources_ = true;
    ResourceWaiter* const waiter = std::exchange(claim.waiter_, nullptr);
    if (&claim != asking) waiter->OnResources();
  }
}

ResourceClaim::ResourceClaim(std::shared_ptr<RateLimiter> limiter, std::vector<ResourceNeed> needs, uint32_t priority)
    : limiter_(std::move(limiter)), needs_(std::move(needs)), priority_(priority) {
  contender_.needs = needs_;
  contender_.weight = 1.0 / priority_;
}

ResourceClaim::~ResourceClaim() { limiter_->Remove(*this); }

}  // namespace neso
