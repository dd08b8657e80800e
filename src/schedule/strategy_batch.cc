#include "schedule/strategy_batch.h"

#include <algorithm>

namespace neso {

void StrategyBatch::Follow(std::span<const RequestQueue::Entry> front) {
  const bool goes_on =
      asked_.size() <= front.size() &&
      std::equal(asked_.begin(), asked_.end(), front.begin(),
                 [](uint64_t number, const RequestQueue::Entry& entry) { return number == entry.number; });
  if (!goes_on) End();
  front_ = front;
  if (asked_.empty()) Ask(front_[0]);
}

bool StrategyBatch::Includes(size_t index) {
  while (!is_closed_ && asked_.size() <= index) Ask(front_[asked_.size()]);
  return index < size_;
}

void StrategyBatch::End() {
  batch_ = nullptr;
  asked_.clear();
  is_closed_ = false;
  size_ = 0;
}

void StrategyBatch::Ask(const RequestQueue::Entry& entry) {
  if (batch_ == nullptr) batch_ = strategy_.Begin();
  const bool is_in = batch_->Include(*entry.request);
  asked_.push_back(entry.number);
  is_closed_ = !is_in;
  if (is_in || size_ == 0) ++size_;
}

}  // namespace neso
