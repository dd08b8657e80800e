// Where work runs, and who watches the sockets meanwhile.
#include "net/reactor/reactor_group.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <atomic>
#include <future>
#include <mutex>
#include <semaphore>
#include <thread>
#include <vector>

#include "base/owned_descriptor.h"
#include "net/net_test_util.h"
#include "net/reactor/reactor_pool.h"

namespace neso::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using test::BlockingWork;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\n\r\n";

// Answers all exchanges it holds, as a batch of one instance would.
class BatchWork final : public Runnable {
 public:
  void Add(HttpExchangeRef exchange) {
    std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(exchange));
    if (!std::exchange(scheduled_, true)) {
      ASSERT_NE(InlineHost::Current(), nullptr);
      InlineHost::Current()->Defer(this);
    }
  }
  void Run() override {
    std::vector<HttpExchangeRef> batch;
    {
      std::lock_guard lock(mutex_);
      batch.swap(waiting_);
      scheduled_ = false;
      largest = std::max(largest, batch.size());
    }
    EXPECT_EQ(InlineHost::Current(), nullptr);
    for (const HttpExchangeRef& exchange : batch) exchange->Respond({});
  }
  Nanoseconds ExpectedDuration() const override { return std::chrono::microseconds(10); }

  size_t largest = 0;

 private:
  std::mutex mutex_;
  std::vector<HttpExchangeRef> waiting_;
  bool scheduled_ = false;
};

TEST(ReactorGroupTest, ABurstOfRequestsBecomesOneBatch) {
  TestServer server;
  BatchWork work;
  std::promise<void> go_on;
  std::promise<void> blocked;
  server.handler().on_request = [&](HttpExchangeRef exchange) {
    if (exchange->head().path == "/block") {
      blocked.set_value();
      go_on.get_future().wait();
    }
    work.Add(std::move(exchange));
  };
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 32; i++) {
    clients.push_back(std::make_unique<TestClient>(server.port()));
    clients.back()->Send(kGet);
    EXPECT_EQ(clients.back()->ReadStatus(), "200");
  }
  work.largest = 0;
  TestClient blocker(server.port());
  blocker.Send("GET /block HTTP/1.1\r\n\r\n");
  blocked.get_future().wait();
  for (auto& client : clients) client->Send(kGet);
  go_on.set_value();
  for (auto& client : clients) EXPECT_EQ(client->ReadStatus(), "200");
  EXPECT_EQ(blocker.ReadStatus(), "200");
  EXPECT_GE(work.largest, 8u);  // the sentinel may have split the burst in two
  server.Stop();
}

class BlockedReactorTest : public testing::TestWithParam<Nanoseconds> {};

// The server answers others while any number of works block, known to be long (an hour) or thought to be short (0).
TEST_P(BlockedReactorTest, OthersAreServed) {
  TestServer server({}, {.groups = 1, .threads_per_group = 3});
  std::vector<std::unique_ptr<BlockingWork>> works;
  for (int i = 0; i < 8; i++) works.push_back(std::make_unique<BlockingWork>(GetParam()));
  server.handler().on_request = [&](HttpExchangeRef exchange) {
    const std::string path(exchange->head().path.substr(1));
    if (!path.empty()) InlineHost::Current()->Defer(works[static_cast<size_t>(std::stoi(path))].get());
    exchange->Respond({});
  };
  TestClient client(server.port());
  for (size_t i = 0; i < works.size(); i++) {
    client.Send("GET /" + std::to_string(i) + " HTTP/1.1\r\n\r\n");
    EXPECT_EQ(client.ReadStatus(), "200");
    works[i]->started.get_future().wait();
    client.Send(kGet);
    EXPECT_EQ(client.ReadStatus(), "200");
  }
  for (auto& work : works) work->release.set_value();
  for (auto& work : works) work->finished.get_future().wait();
  client.Send(kGet);
  EXPECT_EQ(client.ReadStatus(), "200");
  server.Stop();
}

INSTANTIATE_TEST_SUITE_P(Expectations, BlockedReactorTest, testing::Values(Nanoseconds(0), Nanoseconds(hours(1))));

// A sentinel as impatient as this one takes the lead from threads that are on their way to the events.
TEST(ReactorGroupTest, AnEndReachesEveryThreadThatWaits) {
  for (int i = 0; i < 300; i++) {
    TestServer server({}, {.groups = 1, .threads_per_group = 3, .late_after = Nanoseconds(100)});
    TestClient client(server.port());
    for (int request = 0; request < 3; request++) {
      client.Send(kGet);
      EXPECT_EQ(client.ReadStatus(), "200");
    }
    server.Stop();
  }
}

// Keeps its thread for as long as it is told.
class Busy final : public Pollable {
 public:
  void OnEvents(uint32_t, Top&) override {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(microseconds.load());
    while (std::chrono::steady_clock::now() < end) {
    }
    had.release();
  }
  std::atomic<int> microseconds{0};
  std::counting_semaphore<> had{0};
};

// A thread that loses the lead on its way to the events waits for them beside the new leader, takes one, and goes. Nobody
// may think then that the leader is away, and will look before it waits.
TEST(ReactorGroupTest, NoTurnIsLostWhenAThreadGoesThatWaitedBesideTheLeader) {
  constexpr std::chrono::seconds kPatience(10);
  const OwnedDescriptor descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  Executor executor("test-exec", 1);
  ReactorPool reactors(executor, {.groups = 1, .threads_per_group = 3, .late_after = std::chrono::microseconds(1)});
  ReactorGroup& group = reactors.NextGroup();
  const auto socket = std::make_shared<Busy>(), turn = std::make_shared<Busy>();
  ASSERT_TRUE(group.Add(descriptor.get(), EPOLLIN | EPOLLET, socket.get()).ok());
  for (int i = 0; i < 1'000; i++) {
    socket->microseconds = i * 7 % 300;  // until about when the sentinel takes the lead away
    ASSERT_EQ(eventfd_write(descriptor.get(), 1), 0);
    ASSERT_TRUE(socket->had.try_acquire_for(kPatience));
    std::this_thread::sleep_for(std::chrono::microseconds(600));  // it sleeps, where there is nothing to watch
    socket->microseconds = 0;
    ASSERT_EQ(eventfd_write(descriptor.get(), 1), 0);
    ASSERT_TRUE(socket->had.try_acquire_for(kPatience));
    std::this_thread::sleep_for(std::chrono::microseconds(20));
    group.RequestTurn(turn);
    ASSERT_TRUE(turn->had.try_acquire_for(kPatience)) << "after " << i;
  }
  group.Remove(descriptor.get(), socket);
}

TEST(ReactorGroupTest, SeveralLongWorksOfOneBurstRunAtOnce) {
  TestServer server;
  BlockingWork a(hours(1)), b(hours(1)), c(hours(1));
  server.handler().on_request = [&](HttpExchangeRef exchange) {
    for (BlockingWork* work : {&a, &b, &c}) InlineHost::Current()->Defer(work);
    exchange->Respond({});
  };
  TestClient client(server.port());
  client.Send(kGet);
  for (BlockingWork* work : {&a, &b, &c}) work->started.get_future().wait();
  for (BlockingWork* work : {&a, &b, &c}) work->release.set_value();
  for (BlockingWork* work : {&a, &b, &c}) work->finished.get_future().wait();
  server.Stop();
}

// Notes the thread that runs it.
class NotingWork final : public Runnable {
 public:
  explicit NotingWork(Nanoseconds expected) : expected_(expected) {}
  void Run() override { ran_on.set_value(std::this_thread::get_id()); }
  Nanoseconds ExpectedDuration() const override { return expected_; }

  std::promise<std::thread::id> ran_on;

 private:
  const Nanoseconds expected_;
};

// Defers `works` on the network thread that a request comes to, and gives that thread's id.
std::thread::id DeferAll(TestServer& server, TestClient& client, const std::vector<Runnable*>& works) {
  std::promise<std::thread::id> thread;
  server.handler().on_request = [&](HttpExchangeRef exchange) {
    for (Runnable* work : works) InlineHost::Current()->Defer(work);
    thread.set_value(std::this_thread::get_id());
    exchange->Respond({});
  };
  client.Send(kGet);
  EXPECT_EQ(client.ReadStatus(), "200");
  return thread.get_future().get();
}

TEST(ReactorGroupTest, ShortWorksOfOneBurstRunOneAfterTheOtherWhereTheyCame) {
  TestServer server({}, {.groups = 1, .burst = hours(1)});
  std::vector<std::unique_ptr<NotingWork>> works;
  std::vector<Runnable*> deferred;
  for (int i = 0; i < 64; i++) {
    works.push_back(std::make_unique<NotingWork>(std::chrono::microseconds(100)));
    deferred.push_back(works.back().get());
  }
  TestClient client(server.port());
  const std::thread::id here = DeferAll(server, client, deferred);
  for (auto& work : works) EXPECT_EQ(work->ran_on.get_future().get(), here);
  server.Stop();
}

TEST(ReactorGroupTest, WhatABurstHasTooMuchGoesElsewhere) {
  TestServer server({}, {.groups = 1, .burst = std::chrono::microseconds(100)});
  NotingWork first(std::chrono::microseconds(80)), second(std::chrono::microseconds(80));
  TestClient client(server.port());
  const std::thread::id here = DeferAll(server, client, {&first, &second});
  EXPECT_EQ(first.ran_on.get_future().get(), here);
  EXPECT_NE(second.ran_on.get_future().get(), here);
  server.Stop();
}

TEST(ReactorGroupTest, NothingWaitsBehindWorkThatTurnsOutLong) {
  TestServer server;
  BlockingWork surprise(Nanoseconds(0));
  NotingWork behind(Nanoseconds(0)), known_to_be_long(hours(1));
  TestClient client(server.port());
  DeferAll(server, client, {&surprise, &behind, &known_to_be_long});
  surprise.started.get_future().wait();
  behind.ran_on.get_future().wait();
  known_to_be_long.ran_on.get_future().wait();
  surprise.release.set_value();
  surprise.finished.get_future().wait();
  server.Stop();
}

// Short work that goes on and on, with a look at the sockets each time.
class EndlessWork final : public Runnable {
 public:
  void Run() override {
    ++turns;
    if (is_to_end) return ended.set_value();
    InlineHost* const host = InlineHost::OfThread();
    ASSERT_NE(host, nullptr);
    host->DeferAgain(this);
  }
  Nanoseconds ExpectedDuration() const override { return std::chrono::microseconds(10); }

  std::atomic<int> turns{0};
  std::atomic<bool> is_to_end{false};
  std::promise<void> ended;
};

TEST(ReactorGroupTest, WorkThatGoesOnDoesNotKeepTheThreadFromTheSockets) {
  TestServer server({}, {.groups = 1, .late_after = hours(1)});
  EndlessWork work;
  std::atomic<int> requests{0};
  server.handler().on_request = [&](HttpExchangeRef exchange) {
    if (requests++ == 0) InlineHost::Current()->Defer(&work);
    exchange->Respond({});
  };
  TestClient client(server.port());
  for (int i = 0; i < 10; ++i) {
    client.Send(kGet);
    EXPECT_EQ(client.ReadStatus(), "200");
  }
  EXPECT_TRUE(test::Eventually([&] { return work.turns > 10; }));
  EXPECT_EQ(server.reactors().ThreadsForTest(), 1u);
  work.is_to_end = true;
  work.ended.get_future().wait();
  server.Stop();
}

TEST(ReactorGroupTest, WorkThatGoesOnDoesNotWaitForALongOne) {
  TestServer server({}, {.groups = 1});
  // Thought short, so that it has the thread; what wants to go on after it is rescued.
  BlockingWork surprise(Nanoseconds(0));
  struct Again final : Runnable {
    void Run() override {
      if (InlineHost* const host = std::exchange(is_first, false) ? InlineHost::OfThread() : nullptr) {
        return host->DeferAgain(this);
      }
      went_on.set_value();
    }
    Nanoseconds ExpectedDuration() const override { return Nanoseconds(0); }
    bool is_first = true;
    std::promise<void> went_on;
  } again;
  TestClient client(server.port());
  DeferAll(server, client, {&again, &surprise});
  surprise.started.get_future().wait();
  again.went_on.get_future().wait();
  surprise.release.set_value();
  surprise.finished.get_future().wait();
  server.Stop();
}

TEST(ReactorGroupTest, IdleFollowersRetire) {
  TestServer server({}, {.groups = 1, .thread_idle_timeout = milliseconds(10)});
  BlockingWork work(hours(1));
  server.handler().on_request = [&](HttpExchangeRef exchange) {
    InlineHost::Current()->Defer(&work);
    exchange->Respond({});
  };
  EXPECT_EQ(server.reactors().ThreadsForTest(), 1u);
  TestClient client(server.port());
  client.Send(kGet);
  work.started.get_future().wait();
  EXPECT_EQ(server.reactors().ThreadsForTest(), 2u);
  work.release.set_value();
  work.finished.get_future().wait();
  EXPECT_TRUE(test::Eventually([&] { return server.reactors().ThreadsForTest() == 1; }));
  server.Stop();
}

TEST(ReactorPoolTest, StartsNoThreadBeforeAServerListens) {
  Executor executor("e", 1);
  ReactorPool reactors(executor);
  EXPECT_EQ(reactors.ThreadsForTest(), 0u);
}

}  // namespace
}  // namespace neso::net
