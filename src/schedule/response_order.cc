#include "schedule/response_order.h"

#include <utility>

namespace neso {

void ResponseOrder::Add(const std::shared_ptr<ResponseFactory>& factory) {
  Turn* turn = nullptr;
  {
    MutexLock lock(mutex_);
    turn = &turns_.emplace_back();
    turn->factory = factory;
  }
  factory->Intercept(ResponseStage::kOrder,
                     [self = shared_from_this(), turn](std::unique_ptr<InferenceResponse> response, uint32_t flags) {
                       self->Accept(*turn, std::move(response), flags);
                     });
}

void ResponseOrder::Accept(Turn& turn, std::unique_ptr<InferenceResponse> response, uint32_t flags) {
  MutexLock lock(mutex_);
  turn.ready.push_back({turn.factory.lock(), std::move(response), flags});
  if (delivering_) return;
  delivering_ = true;
  while (!turns_.empty() && !turns_.front().ready.empty()) {
    std::vector<Ready> batch = std::exchange(turns_.front().ready, {});
    if ((batch.back().flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL) != 0) turns_.pop_front();
    lock.Unlock();
    for (Ready& ready : batch) ready.factory->PassOn(ResponseStage::kOrder, std::move(ready.response), ready.flags);
    // What the factories hold (perhaps the model, perhaps this object's last reference but ours) goes outside the lock.
    batch.clear();
    lock.Lock();
  }
  delivering_ = false;
}

}  // namespace neso
