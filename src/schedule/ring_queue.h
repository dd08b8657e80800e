// A first-in-first-out queue in one block of memory, which it keeps: a steady stream allocates nothing (std::deque
// allocates and frees as it moves).
#pragma once

#include <bit>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace neso {

// Thread-compatible. `T` is default-constructible and cheap to copy.
template <typename T>
class RingQueue {
 public:
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  T& operator[](size_t i) { return items_[(first_ + i) & (items_.size() - 1)]; }
  const T& operator[](size_t i) const { return items_[(first_ + i) & (items_.size() - 1)]; }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }

  void push_back(T item) {
    if (size_ == items_.size()) Grow();
    (*this)[size_++] = std::move(item);
  }
  // Precondition: not empty.
  T pop_front() {
    T item = std::move(front());
    --size_;
    // An empty queue begins anew, so that one that holds little stays in few cache lines.
    first_ = size_ == 0 ? 0 : (first_ + 1) & (items_.size() - 1);
    return item;
  }
  // Precondition: not empty.
  T pop_back() { return std::move((*this)[--size_]); }
  // Removes what `matches` says, in order of the queue; the others keep theirs.
  template <typename Predicate>
  void EraseIf(Predicate matches) {
    size_t kept = 0;
    for (size_t i = 0; i < size_; ++i) {
      if (matches(std::as_const((*this)[i]))) continue;
      if (kept != i) (*this)[kept] = std::move((*this)[i]);
      ++kept;
    }
    size_ = kept;
  }
  // Removes those at `indexes`, which ascend; what stands behind the last one is not touched.
  void EraseAt(std::span<const size_t> indexes) {
    if (indexes.empty()) return;
    // From the back, so that those that stay come to stand before it.
    size_t to = indexes.back() + 1;
    for (size_t i = to; i-- > 0;) {
      if (!indexes.empty() && indexes.back() == i) {
        indexes = indexes.first(indexes.size() - 1);
      } else if (--to != i) {
        (*this)[to] = std::move((*this)[i]);
      }
    }
    first_ = (first_ + to) & (items_.size() - 1);
    size_ -= to;
  }

 private:
  void Grow() {
    std::vector<T> grown(items_.empty() ? 16 : items_.size() * 2);
    for (size_t i = 0; i < size_; ++i) grown[i] = std::move((*this)[i]);
    items_ = std::move(grown);
    first_ = 0;
  }

  std::vector<T> items_;  // a power of two of them
  size_t first_ = 0;
  size_t size_ = 0;
};

}  // namespace neso
