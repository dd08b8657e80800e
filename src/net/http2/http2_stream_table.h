// The streams of one connection by their numbers. Confined to its strand.
//
//   streams.Add(stream);                                     // of a number that is not in it
//   if (Http2Stream* stream = streams.Find(id)) ...
//   std::shared_ptr<Http2Stream> ended = streams.Take(id);   // null if there is none
//
// A stream stands where its number belongs, or at the next free place; at least half of the places are free. Numbers in
// a row, which clients give, belong far from each other, so that few stand side by side. A client that numbers its
// streams to meet makes each search as long as it has streams, and there is a limit on those.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/block_cache.h"

namespace neso::net {

template <typename Stream>  // has an id()
class Http2StreamTable {
 public:
  bool empty() const { return count_ == 0; }
  size_t size() const { return count_; }

  Stream* Find(int32_t id) const {
    if (empty()) return nullptr;
    const Place& place = places_[Search(id)];
    return place.id == id ? place.stream.get() : nullptr;
  }

  void Add(std::shared_ptr<Stream> stream) {
    if (2 * (count_ + 1) > places_.size()) Grow();
    Put(std::move(stream));
    ++count_;
  }

  std::shared_ptr<Stream> Take(int32_t id) {
    if (empty()) return nullptr;
    size_t hole = Search(id);
    if (places_[hole].id != id) return nullptr;
    std::shared_ptr<Stream> taken = std::move(places_[hole].stream);
    --count_;
    // Those behind that would not be found across the hole move up.
    for (size_t i = Next(hole); places_[i].id != kNone; i = Next(i)) {
      if (Distance(Home(places_[i].id), i) < Distance(hole, i)) continue;
      places_[hole] = std::move(places_[i]);
      hole = i;
    }
    places_[hole] = {};
    return taken;
  }

  // In no order. Precondition: `look` changes nothing of the table.
  template <typename Look>
  void ForEach(Look look) const {
    for (const Place& place : places_) {
      if (place.id != kNone) look(place.stream);
    }
  }

 private:
  static constexpr int32_t kNone = 0;  // no request's number
  static constexpr size_t kLeast = 8;
  struct Place {
    int32_t id = kNone;
    std::shared_ptr<Stream> stream;
  };

  // Requests have odd numbers. The factor is 2^32 divided by the golden ratio.
  size_t Home(int32_t id) const { return static_cast<uint32_t>(id) / 2 * 0x9e3779b9u >> shift_; }
  size_t Next(size_t i) const { return (i + 1) & (places_.size() - 1); }
  size_t Distance(size_t from, size_t to) const { return (to - from) & (places_.size() - 1); }
  // Where it is, or would be put.
  size_t Search(int32_t id) const {
    size_t i = Home(id);
    while (places_[i].id != id && places_[i].id != kNone) i = Next(i);
    return i;
  }
  void Put(std::shared_ptr<Stream> stream) {
    const int32_t id = stream->id();
    places_[Search(id)] = {id, std::move(stream)};
  }
  void Grow() {
    std::vector<Place, BlockAllocator<Place>> before(places_.empty() ? kLeast : 2 * places_.size());
    before.swap(places_);
    shift_ = 32 - std::countr_zero(places_.size());
    for (Place& place : before) {
      if (place.id != kNone) Put(std::move(place.stream));
    }
  }

  std::vector<Place, BlockAllocator<Place>> places_;  // a power of two of them
  int shift_ = 0;                                     // leaves as many bits as there are places for
  size_t count_ = 0;
};

}  // namespace neso::net
