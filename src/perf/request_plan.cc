#include "perf/request_plan.h"

#include <algorithm>

namespace neso::perf {

std::optional<Turn> RoundRobin::Next(size_t /*lane*/) {
  const size_t request = next_;
  next_ = (next_ + 1) % requests_;
  return Turn{.request = request};
}

SequencePlan::SequencePlan(std::vector<size_t> steps_of_streams, const SequenceSettings& settings)
    : steps_(std::move(steps_of_streams)), settings_(settings), next_id_(settings.first_id) {}

std::optional<Turn> SequencePlan::Next(size_t lane) {
  const auto found = live_.find(lane);
  Live& live = found == live_.end() ? live_.emplace(lane, Begin()).first->second : found->second;
  const Turn turn{.request = live.first + live.sent % live.steps,
                  .sequence = live.id,
                  .starts = live.sent == 0,
                  .ends = live.sent + 1 >= live.length};
  live.sent++;
  if (turn.ends) live_.erase(lane);
  return turn;
}

std::optional<Turn> SequencePlan::End(size_t lane) {
  const auto found = live_.find(lane);
  if (found == live_.end()) return std::nullopt;
  const Live& live = found->second;
  const Turn turn{.request = live.first + live.sent % live.steps, .sequence = live.id, .starts = false, .ends = true};
  live_.erase(found);
  return turn;
}

SequencePlan::Live SequencePlan::Begin() {
  const Live live{.id = FreeId(),
                  .first = first_of_next_,
                  .steps = steps_[next_stream_],
                  .length = DrawLength(steps_[next_stream_])};
  first_of_next_ += steps_[next_stream_];
  next_stream_++;
  if (next_stream_ == steps_.size()) next_stream_ = first_of_next_ = 0;
  return live;
}

// The next that no live sequence has. When all of the range are taken they are used again: the caller was warned.
uint64_t SequencePlan::FreeId() {
  const auto is_taken = [this](uint64_t id) {
    return std::ranges::any_of(live_, [id](const auto& entry) { return entry.second.id == id; });
  };
  uint64_t id = next_id_;
  for (size_t tries = 0; tries <= live_.size() && is_taken(id); tries++)
    id = id + 1 >= settings_.end_id ? settings_.first_id : id + 1;
  next_id_ = id + 1 >= settings_.end_id ? settings_.first_id : id + 1;
  return id;
}

size_t SequencePlan::DrawLength(size_t steps) {
  if (settings_.length == 0) return steps;
  const double length = static_cast<double>(settings_.length);
  std::uniform_real_distribution<double> factor(1 - settings_.variation, 1 + settings_.variation);
  return static_cast<size_t>(std::max(1.0, length * factor(random_) + 0.5));
}

std::optional<Turn> SessionPlan::Next(size_t lane) {
  auto found = live_.find(lane);
  if (found == live_.end()) {
    if (next_stream_ == pauses_.size()) return std::nullopt;
    found = live_.emplace(lane, Live{.stream = next_stream_, .step = 0, .request = first_of_next_}).first;
    first_of_next_ += pauses_[next_stream_++].size();
  }
  Live& live = found->second;
  const std::vector<Nanoseconds>& pauses = pauses_[live.stream];
  const Turn turn{.request = live.request++,
                  .starts = live.step == 0,
                  .ends = live.step + 1 == pauses.size(),
                  .pause = live.step == 0 ? Nanoseconds(0) : pauses[live.step - 1]};
  live.step++;
  if (turn.ends) live_.erase(found);
  return turn;
}

}  // namespace neso::perf
