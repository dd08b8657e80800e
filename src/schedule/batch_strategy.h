// Says what joins a batch, beside what the model's configuration says: a batching library, to the schedulers.
#pragma once

#include <memory>

#include "core/request.h"

namespace neso {

// Asked by one thread at a time, with the scheduler's lock held: it must not block, nor call the scheduler.
class BatchStrategy {
 public:
  // A batch that is being put together; its end is the batch's, whether it is executed or not.
  class Batch {
   public:
    virtual ~Batch() = default;
    // Whether `request` joins those that have; called in the order of service, and no more once it has said no.
    virtual bool Include(InferenceRequest& request) = 0;
  };

  virtual ~BatchStrategy() = default;
  virtual std::unique_ptr<Batch> Begin() = 0;
};

}  // namespace neso
