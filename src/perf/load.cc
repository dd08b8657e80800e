#include "perf/load.h"

#include <algorithm>
#include <utility>

namespace neso::perf {
namespace {

constexpr std::chrono::seconds kPatience{20};
constexpr std::chrono::milliseconds kLate{1};

TimePoint Now() { return std::chrono::steady_clock::now(); }

}  // namespace

// A connection, and the request that is under way on it.
class Load::Slot final : private client::Http1Connection::Listener {
 public:
  Slot(Load& load, size_t lane) : load_(load), lane_(lane) {}

  Status Connect() {
    ASSIGN_OR_RETURN(connection_,
                     client::Http1Connection::Connect(load_.loop_, load_.endpoint_, Now() + kPatience, *this));
    return {};
  }
  bool is_open() const { return connection_->is_open(); }
  size_t lane() const { return lane_; }
  void Send(const InferBytes& bytes, const Turn& turn, TimePoint begin) {
    sample_ = {.begin = begin, .end = {}, .turn = turn};
    if (bytes.marks_at) marked_head_ = WithMarks(bytes, turn);
    connection_->Send({.head = bytes.marks_at ? marked_head_ : bytes.head, .body = bytes.body});
  }
  const Sample& sample() const { return sample_; }

 private:
  void OnAnswer(client::Http1Connection&, const client::Http1AnswerReader& answer) override {
    sample_.end = Now();
    load_.OnDone(*this, Take(answer));
  }
  void OnLost(client::Http1Connection&, const Status& reason) override { load_.OnDone(*this, reason); }

  Status Take(const client::Http1AnswerReader& answer) {
    if (answer.status() != 200)
      return Unavailable("the server answers {}: {}", answer.status(), answer.body().substr(0, 1000));
    if (load_.answers_ == nullptr) return {};
    ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, ReadHttpAnswer(answer));
    ASSIGN_OR_RETURN(sample_.answer, load_.answers_->Take(sample_.turn.request, outputs));
    return {};
  }

  Load& load_;
  const size_t lane_;
  std::unique_ptr<client::Http1Connection> connection_;
  std::string marked_head_;
  Sample sample_;
};

Load::Load(client::Loop& loop, const client::Endpoint& endpoint, std::span<const InferBytes> requests,
           RequestPlan& plan, Answers* answers)
    : loop_(loop), endpoint_(endpoint), requests_(requests), plan_(plan), answers_(answers) {}
Load::~Load() = default;

Status Load::KeepInFlight(size_t requests) {
  wanted_ = requests;
  times_.reset();
  while (in_flight_ < wanted_ && left_ > 0) {
    ASSIGN_OR_RETURN(Slot* const slot, IdleSlot());
    Send(*slot, plan_.Next(slot->lane()), Now());
  }
  return {};
}

void Load::SendAt(SendTimes times) {
  wanted_ = 0;
  times_ = std::move(times);
  next_send_ = Now();
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
  due_.clear();
  left_ = SIZE_MAX;
  RETURN_IF_ERROR(AwaitAnswers());
  for (const auto& slot : slots_) {
    const std::optional<Turn> last = plan_.End(slot->lane());
    if (!last) continue;
    std::erase(idle_, slot.get());
    Send(*slot, *last, Now());
  }
  return AwaitAnswers();
}

Status Load::AwaitAnswers() {
  const TimePoint deadline = Now() + kPatience;
  while (in_flight_ > 0 && Now() < deadline) RETURN_IF_ERROR(Step(deadline));
  return in_flight_ == 0 ? Status() : Unavailable("no answer to {} requests in time", in_flight_);
}

Status Load::RunFor(Nanoseconds time) {
  const TimePoint end = Now() + time;
  while (Now() < end) RETURN_IF_ERROR(Step(end));
  return {};
}

Status Load::RunUntil(size_t more_samples) {
  const size_t wanted = samples_.size() + more_samples;
  while (samples_.size() < wanted) {
    const size_t had = samples_.size();
    RETURN_IF_ERROR(Step(Now() + kPatience));
    if (samples_.size() == had && in_flight_ == 0 && !times_) return Internal("nothing is under way");
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
  RETURN_IF_ERROR(slot->Connect());
  slots_.push_back(std::move(slot));
  return slots_.back().get();
}

void Load::Send(Slot& slot, const Turn& turn, TimePoint begin) {
  in_flight_++;
  left_--;
  slot.Send(requests_[turn.request], turn, begin);
}

Status Load::Step(TimePoint until) {
  if (times_) {
    RETURN_IF_ERROR(SendDue(Now()));
    until = std::min(until, next_send_);
  }
  loop_.RunOnce(until);
  return failure_;
}

Status Load::SendDue(TimePoint now) {
  while (next_send_ <= now) {
    due_.push_back(next_send_);
    next_send_ += times_->NextPause();
  }
  while (!due_.empty() && in_flight_ < lanes_ && left_ > 0) {
    ASSIGN_OR_RETURN(Slot* const slot, IdleSlot());
    SendFirstDue(*slot, now);
  }
  return {};
}

void Load::SendFirstDue(Slot& slot, TimePoint now) {
  if (now - due_.front() > kLate) delayed_++;
  Send(slot, plan_.Next(slot.lane()), due_.front());
  due_.pop_front();
}

void Load::OnDone(Slot& slot, const Status& failure) {
  in_flight_--;
  if (!failure.ok() && failure_.ok()) failure_ = failure;
  if (!failure_.ok()) return;
  samples_.push_back(slot.sample());
  if (!slot.is_open()) {
    // The server has asked for another connection.
    failure_ = Unavailable("the server closes the connection after each answer, which cannot be measured");
    return;
  }
  if (in_flight_ < wanted_ && left_ > 0) return Send(slot, plan_.Next(slot.lane()), Now());
  if (times_ && !due_.empty() && left_ > 0) return SendFirstDue(slot, Now());
  idle_.push_back(&slot);
}

}  // namespace neso::perf
