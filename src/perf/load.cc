#include "perf/load.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace neso::perf {
namespace {

constexpr std::chrono::seconds kPatience{20};
constexpr size_t kMostAtRate = 1024;  // connections; what is due beyond them waits, and its time runs
constexpr std::chrono::milliseconds kLate{1};

TimePoint Now() { return std::chrono::steady_clock::now(); }

}  // namespace

// A connection, and the request that is under way on it.
class Load::Slot final : private client::Http1Connection::Listener {
 public:
  explicit Slot(Load& load) : load_(load) {}

  Status Connect() {
    ASSIGN_OR_RETURN(connection_,
                     client::Http1Connection::Connect(load_.loop_, load_.endpoint_, Now() + kPatience, *this));
    return {};
  }
  bool is_open() const { return connection_->is_open(); }
  void Send(TimePoint begin) {
    begin_ = begin;
    connection_->Send({.head = load_.bytes_.head, .body = load_.bytes_.body});
  }
  TimePoint begin() const { return begin_; }

 private:
  void OnAnswer(client::Http1Connection&, const client::Http1AnswerReader& answer) override {
    if (answer.status() == 200) return load_.OnDone(*this, {});
    load_.OnDone(*this, Unavailable("the server answers {}: {}", answer.status(), answer.body().substr(0, 1000)));
  }
  void OnLost(client::Http1Connection&, const Status& reason) override { load_.OnDone(*this, reason); }

  Load& load_;
  std::unique_ptr<client::Http1Connection> connection_;
  TimePoint begin_;
};

Load::Load(client::Loop& loop, const client::Endpoint& endpoint, const InferBytes& bytes)
    : loop_(loop), endpoint_(endpoint), bytes_(bytes) {}
Load::~Load() = default;

Status Load::KeepInFlight(size_t requests) {
  wanted_ = requests;
  rate_ = 0;
  while (in_flight_ < wanted_) {
    if (idle_.empty()) {
      ASSIGN_OR_RETURN(Slot* const slot, AddSlot());
      idle_.push_back(slot);
    }
    Slot* const slot = idle_.back();
    idle_.pop_back();
    in_flight_++;
    slot->Send(Now());
  }
  return {};
}

Status Load::SendAtRate(double per_second, Distribution distribution) {
  wanted_ = 0;
  rate_ = per_second;
  is_poisson_ = distribution == Distribution::kPoisson;
  next_send_ = Now();
  return {};
}

Status Load::Stop() {
  wanted_ = 0;
  rate_ = 0;
  due_.clear();
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
    if (samples_.size() == had && in_flight_ == 0 && rate_ == 0) return Internal("nothing is under way");
  }
  return {};
}

Expected<Load::Slot*> Load::AddSlot() {
  auto slot = std::make_unique<Slot>(*this);
  RETURN_IF_ERROR(slot->Connect());
  slots_.push_back(std::move(slot));
  return slots_.back().get();
}

Status Load::Step(TimePoint until) {
  if (rate_ > 0) {
    RETURN_IF_ERROR(SendDue(Now()));
    until = std::min(until, next_send_);
  }
  loop_.RunOnce(until);
  return failure_;
}

Status Load::SendDue(TimePoint now) {
  while (next_send_ <= now) {
    due_.push_back(next_send_);
    const double mean = 1e9 / rate_;
    const double pause = is_poisson_ ? std::exponential_distribution<double>(1 / mean)(random_) : mean;
    next_send_ += Nanoseconds(std::max<int64_t>(1, std::llround(pause)));
  }
  while (!due_.empty()) {
    if (idle_.empty()) {
      if (slots_.size() >= kMostAtRate) return {};
      ASSIGN_OR_RETURN(Slot* const slot, AddSlot());
      idle_.push_back(slot);
    }
    Slot* const slot = idle_.back();
    idle_.pop_back();
    if (now - due_.front() > kLate) delayed_++;
    in_flight_++;
    slot->Send(due_.front());
    due_.pop_front();
  }
  return {};
}

void Load::OnDone(Slot& slot, const Status& failure) {
  const TimePoint now = Now();
  in_flight_--;
  if (!failure.ok() && failure_.ok()) failure_ = failure;
  if (!failure_.ok()) return;
  samples_.push_back({slot.begin(), now});
  if (!slot.is_open()) {
    // The server has asked for another connection.
    failure_ = Unavailable("the server closes the connection after each answer, which cannot be measured");
    return;
  }
  if (in_flight_ < wanted_) {
    in_flight_++;
    return slot.Send(now);
  }
  if (rate_ > 0 && !due_.empty()) {
    if (now - due_.front() > kLate) delayed_++;
    in_flight_++;
    slot.Send(due_.front());
    due_.pop_front();
    return;
  }
  idle_.push_back(&slot);
}

}  // namespace neso::perf
