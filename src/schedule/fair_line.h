// Those who wait, with the same part for each client, however much it sends: whoever has had least is served next.
//
// Start-time fair queueing, with the start settled when it comes: what expires or is cancelled counts for nobody. Who comes
// after a pause has had as much as those who are being served, not less. Source: Goyal, Vin, Cheng, "Start-time Fair
// Queueing" (1996).
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "schedule/client_places.h"
#include "schedule/ring_queue.h"

namespace neso {

// Thread-compatible. An `Entry` has `rows`, which is what is shared.
template <typename Entry>
class FairLine {
 public:
  size_t size() const { return size_; }
  void Push(size_t place, Entry entry) {
    if (places_.empty()) places_.resize(ClientPlaces::kCount);
    Place& of_client = places_[place];
    if (of_client.waiting.empty()) {
      of_client.had = std::max(of_client.had, now_);
      StandInLine(place);
    }
    of_client.waiting.push_back(std::move(entry));
    ++size_;
  }
  // Precondition of both: not empty.
  const Entry& front() const { return places_[std::get<2>(*turns_.begin())].waiting.front(); }
  Entry Pop() {
    const auto [had, number, place] = *turns_.begin();
    turns_.erase(turns_.begin());
    Place& of_client = places_[place];
    Entry entry = of_client.waiting.pop_front();
    now_ = had;
    of_client.had = had + entry.rows;
    latest_ = std::max(latest_, of_client.had);
    if (!of_client.waiting.empty()) StandInLine(place);
    if (--size_ == 0) now_ = latest_;  // what each has had counts while somebody waits
    return entry;
  }

  // Moves those at `indexes`, which ascend, out: numbers in the order of ForEach.
  template <typename Take>
  void TakeAt(std::span<const size_t> indexes, Take take) {
    if (indexes.empty()) return;
    std::map<size_t, std::vector<size_t>> leaving;  // by place, where they stand there
    Walk([&, number = size_t{0}](size_t place, size_t index) mutable {
      if (number++ != indexes.front()) return true;
      leaving[place].push_back(index);
      take(places_[place].waiting[index]);
      indexes = indexes.subspan(1);
      return !indexes.empty();
    });
    for (const auto& [place, of_place] : leaving) RemoveAt(place, of_place);
    if (size_ == 0) now_ = latest_;
  }

  // In the order in which Pop would give them, until `visit` says false; false if it did.
  template <typename Visit>
  bool ForEach(Visit visit) const {
    return Walk([&](size_t place, size_t index) { return visit(places_[place].waiting[index]); });
  }

  template <typename Predicate>
  void EraseIf(Predicate matches) {
    for (auto turn = turns_.begin(); turn != turns_.end();) {
      RingQueue<Entry>& waiting = places_[std::get<2>(*turn)].waiting;
      const size_t before = waiting.size();
      waiting.EraseIf(matches);
      size_ -= before - waiting.size();
      turn = waiting.empty() ? turns_.erase(turn) : std::next(turn);
    }
    if (size_ == 0) now_ = latest_;
  }

  // Makes room for one more of `place`: takes the newest entry of the place that has most of them, if that are more than
  // `place` would have then. Where it has none, `place` itself has most. Looks at all places.
  bool MakeRoom(size_t place, Entry& displaced) {
    if (size_ == 0) return false;
    size_t most = place;
    for (const Turn& turn : turns_) {
      if (places_[std::get<2>(turn)].waiting.size() > places_[most].waiting.size()) most = std::get<2>(turn);
    }
    RingQueue<Entry>& waiting = places_[most].waiting;
    if (waiting.size() <= places_[place].waiting.size() + 1) return false;
    displaced = waiting.pop_back();
    --size_;
    return true;
  }

 private:
  using Turn = std::tuple<uint64_t, uint64_t, size_t>;  // rows that it has had; a number, for equal ones; the place
  struct Place {
    RingQueue<Entry> waiting;
    uint64_t had = 0;     // rows
    uint64_t number = 0;  // in turns_, while somebody waits
  };

  void StandInLine(size_t place) {
    places_[place].number = next_number_++;
    turns_.emplace(places_[place].had, places_[place].number, place);
  }
  void RemoveAt(size_t place, std::span<const size_t> indexes) {
    Place& of_client = places_[place];
    turns_.erase({of_client.had, of_client.number, place});
    now_ = std::max(now_, of_client.had);
    for (const size_t index : indexes) of_client.had += of_client.waiting[index].rows;
    latest_ = std::max(latest_, of_client.had);
    of_client.waiting.EraseAt(indexes);
    size_ -= indexes.size();
    if (!of_client.waiting.empty()) StandInLine(place);
  }
  // ForEach, by place and number of the entry there.
  template <typename Visit>
  bool Walk(Visit visit) const {
    using Next = std::pair<Turn, size_t>;  // and which of the place's entries
    const auto later = [](const Next& a, const Next& b) { return a.first > b.first; };
    std::vector<Next> again;  // a heap of places that had their first turn
    uint64_t number = next_number_;
    for (auto first = turns_.begin(); first != turns_.end() || !again.empty();) {
      Next next;
      if (again.empty() || (first != turns_.end() && *first < again.front().first)) {
        next = {*first++, 0};
      } else {
        std::pop_heap(again.begin(), again.end(), later);
        next = again.back();
        again.pop_back();
      }
      const auto [turn, index] = next;
      const RingQueue<Entry>& waiting = places_[std::get<2>(turn)].waiting;
      if (!visit(std::get<2>(turn), index)) return false;
      if (index + 1 == waiting.size()) continue;
      again.push_back({{std::get<0>(turn) + waiting[index].rows, number++, std::get<2>(turn)}, index + 1});
      std::push_heap(again.begin(), again.end(), later);
    }
    return true;
  }

  std::vector<Place> places_;  // none before the first has come: many levels are never used
  std::set<Turn> turns_;       // of the places where somebody waits
  size_t size_ = 0;
  uint64_t next_number_ = 0;
  uint64_t now_ = 0;     // what who was served last had had before
  uint64_t latest_ = 0;  // the most that any has had
};

}  // namespace neso
