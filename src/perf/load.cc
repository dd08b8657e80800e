#include "perf/load.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace neso::perf {
namespace {

constexpr std::chrono::seconds kPatience{20};
constexpr std::chrono::milliseconds kLate{1};

TimePoint Now() { return std::chrono::steady_clock::now(); }

}  // namespace

// A place for a request that is under way.
class Load::Slot final : private Lane::Listener {
 public:
  Slot(Load& load, size_t lane) : load_(load), lane_(lane) {}

  Status Open() {
    ASSIGN_OR_RETURN(carrier_, load_.transport_.OpenLane(*this));
    return {};
  }
  size_t lane() const { return lane_; }
  void Send(const InferBytes& bytes, const Turn& turn, TimePoint begin) {
    sample_ = {.begin = begin, .end = {}, .turn = turn};
    is_under_way_ = true;
    failure_ = {};
    carrier_->Send(bytes, turn);
  }
  const Sample& sample() const { return sample_; }
  // So many answers, or all that there are.
  bool HasHad(size_t answers) const { return !is_under_way_ || sample_.answers >= answers; }

 private:
  void OnAnswer(const Answer& answer) override {
    const TimePoint now = Now();
    const size_t number = Take(answer);
    sample_.Add(now);
    if (load_.answers_ != nullptr && load_.answers_->keeps()) sample_.kept.push_back({now, number});
  }
  void OnEnd() override {
    if (sample_.answers == 0) sample_.end = Now();
    is_under_way_ = false;
    load_.OnDone(*this, failure_);
  }
  void OnFailure(const Status& reason) override {
    is_under_way_ = false;
    load_.OnDone(*this, reason);
  }

  // Its number among those that are kept.
  size_t Take(const Answer& answer) {
    if (load_.answers_ == nullptr || !failure_.ok()) return Answers::kNotKept;
    const Expected<std::vector<Tensor>> outputs = answer.Outputs();
    const Expected<size_t> taken =
        outputs ? load_.answers_->Take(sample_.turn.request, *outputs) : Expected<size_t>(outputs.error());
    if (taken) return *taken;
    failure_ = taken.error();
    return Answers::kNotKept;
  }

  Load& load_;
  const size_t lane_;
  std::unique_ptr<Lane> carrier_;
  Status failure_;
  Sample sample_;
  bool is_under_way_ = false;
};

Load::Load(Transport& transport, std::span<const InferBytes> requests, RequestPlan& plan, Answers* answers)
    : transport_(transport), requests_(requests), plan_(plan), answers_(answers) {}
Load::~Load() = default;

Status Load::KeepInFlight(size_t requests) {
  wanted_ = requests;
  times_.reset();
  growth_.reset();
  while (in_flight_ < wanted_ && left_ > 0) {
    ASSIGN_OR_RETURN(Slot* const slot, IdleSlot());
    if (!SendNext(*slot)) break;
  }
  return {};
}

Status Load::Grow(const Growth& growth) {
  wanted_ = 0;
  times_.reset();
  growth_ = growth;
  return SendMore(growth.start);
}

void Load::SendAt(SendTimes times) {
  wanted_ = 0;
  growth_.reset();
  began_ = Now();
  next_send_ = *began_ + times.first_pause();
  times_ = std::move(times);
}

Status Load::OpenLanes(size_t lanes) {
  lanes_ = lanes;
  while (slots_.size() < lanes) {
    ASSIGN_OR_RETURN(Slot* const slot, NewSlot());
    idle_.push_back(slot);
  }
  return {};
}

Status Load::Stop() {
  wanted_ = 0;
  times_.reset();
  growth_.reset();
  left_ = SIZE_MAX;
  for (const Paused& paused : std::exchange(paused_, {})) idle_.push_back(paused.slot);
  RETURN_IF_ERROR(AwaitAnswers());
  for (const auto& slot : slots_) {
    const std::optional<Turn> last = plan_.End(slot->lane());
    if (!last) continue;
    std::erase(idle_, slot.get());
    Send(*slot, *last, Now());
  }
  RETURN_IF_ERROR(AwaitAnswers());
  began_.reset();
  samples_.clear();
  return {};
}

Status Load::AwaitAnswers() {
  const TimePoint begin = Now();
  const auto deadline = [this, begin] { return begin + kPatience + 2 * longest_; };  // some models take minutes
  while (in_flight_ > 0 && Now() < deadline()) RETURN_IF_ERROR(Step(deadline()));
  return in_flight_ == 0 ? Status() : Unavailable("no answer to {} requests in time", in_flight_);
}

Status Load::RunFor(Nanoseconds time) {
  const TimePoint end = Now() + time;
  while (Now() < end) RETURN_IF_ERROR(Step(end));
  return {};
}

Status Load::RunUntil(size_t more_samples, Nanoseconds at_most) {
  const TimePoint end = Now() + at_most;
  const size_t wanted = samples_.size() + more_samples;
  while (samples_.size() < wanted && Now() < end) {
    const size_t had = samples_.size();
    RETURN_IF_ERROR(Step(end));
    if (samples_.size() == had && in_flight_ == 0 && !times_ && paused_.empty())
      return Internal("nothing is under way");
  }
  return {};
}

// One that is free, or a new one.
Expected<Load::Slot*> Load::IdleSlot() {
  if (!idle_.empty()) {
    Slot* const slot = idle_.front();
    idle_.pop_front();
    return slot;
  }
  return NewSlot();
}

Expected<Load::Slot*> Load::NewSlot() {
  auto slot = std::make_unique<Slot>(*this, slots_.size());
  RETURN_IF_ERROR(slot->Open());
  slots_.push_back(std::move(slot));
  return slots_.back().get();
}

void Load::Send(Slot& slot, const Turn& turn, TimePoint begin) {
  in_flight_++;
  left_--;
  if (!began_) began_ = begin;
  slot.Send(requests_[turn.request], turn, begin);
}

bool Load::SendNext(Slot& slot) {
  const std::optional<Turn> turn = plan_.Next(slot.lane());
  if (!turn) {
    idle_.push_back(&slot);
  } else if (turn->pause.count() == 0) {
    Send(slot, *turn, Now());
  } else {
    paused_.push_back({.until = Now() + turn->pause, .slot = &slot, .turn = *turn});
  }
  return turn.has_value();
}

TimePoint Load::SendPaused() {
  const TimePoint now = Now();
  const auto is_over = [now](const Paused& paused) { return paused.until <= now; };
  const auto over = std::stable_partition(paused_.begin(), paused_.end(), std::not_fn(is_over));
  const std::vector<Paused> due(over, paused_.end());
  paused_.erase(over, paused_.end());
  for (const Paused& paused : due) Send(*paused.slot, paused.turn, now);
  TimePoint next = TimePoint::max();
  for (const Paused& paused : paused_) next = std::min(next, paused.until);
  return next;
}

Status Load::Step(TimePoint until) {
  if (!paused_.empty()) until = std::min(until, SendPaused());
  if (times_) {
    RETURN_IF_ERROR(SendDue(Now()));
    if (CanSend()) until = std::min(until, next_send_);
  }
  transport_.RunOnce(until);
  RETURN_IF_ERROR(failure_);
  const bool grows = growth_ && left_ > 0 &&
                     std::ranges::all_of(newest_, [this](const Slot* slot) { return slot->HasHad(growth_->answers); });
  return grows ? SendMore(growth_->step) : Status();
}

Status Load::SendMore(size_t requests) {
  newest_.clear();
  while (newest_.size() < requests && left_ > 0) {
    ASSIGN_OR_RETURN(Slot* const slot, IdleSlot());
    newest_.push_back(slot);
    if (!SendNext(*slot)) break;
  }
  return {};
}

Status Load::SendDue(TimePoint now) {
  while (next_send_ <= now && CanSend()) {
    ASSIGN_OR_RETURN(Slot* const slot, IdleSlot());
    SendNextDue(*slot, now);
  }
  return {};
}

// What is due and cannot be sent is not kept, however much it is: the times that follow are found when there is room.
void Load::SendNextDue(Slot& slot, TimePoint now) {
  const TimePoint due = next_send_;
  next_send_ += times_->NextPause();
  if (now - due > kLate) delayed_++;
  if (const std::optional<Turn> turn = plan_.Next(slot.lane())) return Send(slot, *turn, due);
  idle_.push_back(&slot);
}

void Load::OnDone(Slot& slot, const Status& failure) {
  in_flight_--;
  if (!failure.ok() && failure_.ok()) failure_ = failure;
  if (!failure_.ok()) return;
  samples_.push_back(slot.sample());
  longest_ = std::max<Nanoseconds>(longest_, samples_.back().last_end() - samples_.back().begin);
  if (in_flight_ < wanted_ && left_ > 0) {
    SendNext(slot);
    return;
  }
  if (const TimePoint now = Now(); times_ && next_send_ <= now && left_ > 0) return SendNextDue(slot, now);
  idle_.push_back(&slot);
}

}  // namespace neso::perf
