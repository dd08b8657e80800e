// Lets instances of all models execute only while they have the resources that they need: --rate-limit=execution_count.
//
//   ASSIGN_OR_RETURN(std::shared_ptr<ResourceClaim> claim, limiter->Admit(group.rate_limiter(), device));
//   if (!claim->Take(slot)) return;      // it waits: slot.OnResources() when it has them
//   ...                                  // executes
//   if (!claim->Renew(slot)) return;     // the same, after others whose turn it is
//   claim->GiveBack();
//
// Who is next is decided by schedule/pick_contender.h.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "config/model_config.pb.h"
#include "schedule/pick_contender.h"
#include "schedule/resource_table.h"

namespace neso {

class ResourceClaim;

// Whoever waits for resources.
class ResourceWaiter {
 public:
  virtual ~ResourceWaiter() = default;
  // It has them. Called under the limiter's lock: posts what is to be done, and does not call back.
  virtual void OnResources() = 0;
};

// Thread-safe. Kept by its claims.
class RateLimiter final : public std::enable_shared_from_this<RateLimiter> {
 public:
  // Without limits there is as much of each resource as the neediest instance needs.
  explicit RateLimiter(std::span<const ResourceLimit> limits) : table_(limits) {}

  // The part of an instance on `device`, for as long as the claim is kept. Errors: as ResourceTable::Add.
  Expected<std::shared_ptr<ResourceClaim>> Admit(const inference::ModelRateLimiter& config, int device);

 private:
  friend class ResourceClaim;

  bool Take(ResourceClaim& claim, ResourceWaiter& waiter) EXCLUDES(mutex_);
  bool Renew(ResourceClaim& claim, ResourceWaiter& waiter) EXCLUDES(mutex_);
  void GiveBack(ResourceClaim& claim) EXCLUDES(mutex_);
  bool Withdraw(ResourceClaim& claim) EXCLUDES(mutex_);
  void Remove(ResourceClaim& claim) EXCLUDES(mutex_);

  bool LineUp(ResourceClaim& claim, ResourceWaiter& waiter) REQUIRES(mutex_);
  // Gives what is free to those whose turn it is, and tells them, but for `asking`.
  void Distribute(const ResourceClaim* asking) REQUIRES(mutex_);
  bool LeaveLine(ResourceClaim& claim) REQUIRES(mutex_);

  Mutex mutex_;
  ResourceTable table_ GUARDED_BY(mutex_);
  std::vector<ResourceClaim*> line_ GUARDED_BY(mutex_);  // in order of arrival
  // Those in line_, as the policy sees them; scratch of Distribute.
  std::vector<Contender*> contenders_ GUARDED_BY(mutex_);
};

// What an instance needs, and has while it executes. One thread at a time, but for Withdraw. Its end gives back what it
// has.
class ResourceClaim final {
 public:
  ResourceClaim(std::shared_ptr<RateLimiter> limiter, std::vector<ResourceNeed> needs, uint32_t priority);
  ~ResourceClaim();
  ResourceClaim(const ResourceClaim&) = delete;
  ResourceClaim& operator=(const ResourceClaim&) = delete;

  uint32_t priority() const { return priority_; }

  // Whether the resources are there, and it is this one's turn. If not, it waits in line, and `waiter` is told once
  // they are its own; that may be before this returns.
  bool Take(ResourceWaiter& waiter) { return needs_.empty() || limiter_->Take(*this, waiter); }
  // Gives them back and asks again.
  bool Renew(ResourceWaiter& waiter) { return needs_.empty() || limiter_->Renew(*this, waiter); }
  void GiveBack() {
    if (!needs_.empty()) limiter_->GiveBack(*this);
  }
  // It leaves the line. False if it does not wait there: then it may be about to start with what it has.
  bool Withdraw() { return !needs_.empty() && limiter_->Withdraw(*this); }

 private:
  friend class RateLimiter;

  const std::shared_ptr<RateLimiter> limiter_;
  const std::vector<ResourceNeed> needs_;
  const uint32_t priority_;  // at least 1
  // The limiter's lock guards what follows.
  Contender contender_;
  ResourceWaiter* waiter_ = nullptr;  // set while it is in line
  bool has_resources_ = false;
};

}  // namespace neso
