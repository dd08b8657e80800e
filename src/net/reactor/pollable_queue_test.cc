// First come first served, and no queue too long to let go of. The queues of a group are its own, so it is asked.
#include "net/reactor/pollable_queue.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <stdexcept>
#include <vector>

#include "base/executor.h"
#include "net/reactor/reactor_pool.h"

namespace neso::net {
namespace {

class Turns final : public Pollable {
 public:
  explicit Turns(std::vector<int>& log, int name) : log_(log), name_(name) {}
  void OnEvents(uint32_t, Top&) override {
    log_.push_back(name_);
    if (name_ < 0) throw std::runtime_error("on purpose");
  }

 private:
  std::vector<int>& log_;
  const int name_;
};

// Holds the network thread until it is told, then says when it has come by again.
class Gate final : public Pollable {
 public:
  void OnEvents(uint32_t, Top&) override {
    here.set_value();
    go_on.get_future().wait();
  }
  std::promise<void> here, go_on;
};

TEST(PollableQueueTest, TurnsComeInOrderOnceForAllRequestsAndWhateverAnotherOneThrows) {
  Executor executor("test-exec", 1);
  ReactorPool reactors(executor, {.groups = 1, .late_after = std::chrono::hours(1)});
  ReactorGroup& group = reactors.NextGroup();
  std::vector<int> log;
  const auto first = std::make_shared<Gate>();
  group.RequestTurn(first);
  first->here.get_future().wait();
  const auto failing = std::make_shared<Turns>(log, -1);
  group.RequestTurn(std::make_shared<Turns>(log, 1));
  group.RequestTurn(failing);
  group.RequestTurn(std::make_shared<Turns>(log, 2));
  group.RequestTurn(failing);
  const auto last = std::make_shared<Gate>();
  last->go_on.set_value();
  group.RequestTurn(last);
  first->go_on.set_value();
  last->here.get_future().wait();
  EXPECT_EQ(log, (std::vector<int>{1, -1, 2}));
}

// As the listener of a port that other processes take over, and of a server that stops then.
TEST(PollableQueueTest, OneThatIsLetGoOfMayBeRemovedAgain) {
  Executor executor("test-exec", 1);
  std::vector<int> log;
  ReactorPool reactors(executor, {.groups = 1, .late_after = std::chrono::hours(1)});
  ReactorGroup& group = reactors.NextGroup();
  const auto held = std::make_shared<Turns>(log, 1), other = std::make_shared<Turns>(log, 2);
  for (int i = 0; i < 20'000; i++) {
    group.Remove(-1, held);
    group.Remove(-1, other);
    group.RequestTurn(held);  // a round, in which both are let go of
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (held.use_count() + other.use_count() > 2 && std::chrono::steady_clock::now() < deadline)
    group.RequestTurn(held);
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(other.use_count(), 1);
}

TEST(PollableQueueTest, AMillionThatWaitAreLetGoOfOneByOne) {
  Executor executor("test-exec", 1);
  std::vector<int> log;
  ReactorPool reactors(executor, {.groups = 1, .late_after = std::chrono::hours(1)});
  ReactorGroup& group = reactors.NextGroup();
  const auto gate = std::make_shared<Gate>();
  group.RequestTurn(gate);
  gate->here.get_future().wait();
  // While an event may be on its way to each of them, as far as the group knows.
  for (int i = 0; i < 1'000'000; i++) group.Remove(-1, std::make_shared<Turns>(log, i));
  gate->go_on.set_value();
}

}  // namespace
}  // namespace neso::net
