// A batching strategy: every execution has one request, while the queue's policies stay those of dynamic batching.
#include <utility>

#include "neso/backend/batching.h"

namespace {

using neso::backend::Request;

class OneByOne final : public neso::backend::BatchStrategy {
 public:
  class Batch {
   public:
    explicit Batch(const OneByOne&) {}
    bool Include(const Request&) { return std::exchange(is_empty_, false); }

   private:
    bool is_empty_ = true;
  };
};

}  // namespace

NESO_BATCH_STRATEGY(OneByOne)
