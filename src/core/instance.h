// An instance of a model: one thing that can execute one batch at a time.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/clock.h"
#include "core/request.h"

namespace neso {

class InstanceThread;
class ResourceClaim;

// Used by one thread at a time; which one is the scheduler's business.
class ModelInstance {
 public:
  virtual ~ModelInstance() = default;

  virtual const std::string& name() const = 0;
  // Passive instances are loaded and never scheduled.
  virtual bool is_passive() const = 0;
  // Whether Execute may run on any thread. Otherwise it runs on thread(), which has run everything of the instance
  // since its initialisation (what a plug-in made for Triton expects).
  virtual bool runs_on_any_thread() const = 0;
  // The thread of an instance that does not run on any; lives as long as the instance. Null: the scheduler makes one,
  // which then sees nothing but Execute.
  virtual InstanceThread* thread() { return nullptr; }
  // What the rate limiter lets it have while it executes (schedule/rate_limiter.h). Null: nothing limits it.
  virtual std::shared_ptr<ResourceClaim> resource_claim() const { return nullptr; }

  // Executes the requests as one batch and takes them: each is answered and released, in time, through itself.
  virtual void Execute(std::span<InferenceRequest* const> requests) = 0;
};

}  // namespace neso
