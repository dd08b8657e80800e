#include "schedule/request_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/saturating.h"
#include "core/test_support.h"

namespace neso {
namespace {

using std::chrono::microseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TimePoint At(int us) { return TimePoint(microseconds(us)); }

class RequestQueueTest : public ::testing::Test {
 protected:
  // Pushes a request of that id; an error's text comes back.
  std::string Push(RequestQueue& queue, const char* id, uint64_t priority = 0, int at_us = 0, uint64_t timeout_us = 0) {
    auto request = InferenceRequest::Create(model_, -1);
    request->SetId(id);
    request->SetPriority(priority);
    request->SetTimeoutMicroseconds(timeout_us);
    request->SetResponseCallback(nullptr, nullptr, nullptr, nullptr);
    return queue.Push(request, At(at_us)).message();
  }
  static std::vector<std::string> Ids(std::vector<InferenceRequest*> requests) {
    std::vector<std::string> ids;
    for (InferenceRequest* request : requests) {
      ids.push_back(request->id());
      delete request;
    }
    return ids;
  }
  static std::vector<std::string> TakeAll(RequestQueue& queue) {
    std::vector<InferenceRequest*> taken;
    queue.Take(queue.size(), taken);
    return Ids(taken);
  }
  static std::vector<std::string> Expire(RequestQueue& queue, int now_us) {
    std::vector<InferenceRequest*> rejected;
    queue.Expire(At(now_us), rejected);
    return Ids(rejected);
  }
  static QueuePolicy Timeout(int us, bool delay = false, bool may_override = false) {
    return {.default_timeout = microseconds(us), .allow_timeout_override = may_override, .delay_expired = delay};
  }

  ModelHandle model_ = test::MakeModel(R"(name: "m")");
};

TEST_F(RequestQueueTest, ServesByPriorityThenByArrival) {
  const QueuePolicy levels[3] = {};
  RequestQueue queue(levels);
  Push(queue, "c", 3);
  Push(queue, "a1", 1);
  Push(queue, "b", 2);
  Push(queue, "a2", 1);
  EXPECT_THAT(TakeAll(queue), ElementsAre("a1", "a2", "b", "c"));
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_EQ(queue.rows(), 0u);
}

TEST_F(RequestQueueTest, GivesOutRequestsFromTheMiddleOfItsLevels) {
  const QueuePolicy levels[2] = {Timeout(10, /*delay=*/true), {}};
  RequestQueue queue(levels);
  Push(queue, "late1", 1);
  Push(queue, "late2", 1);
  Expire(queue, 10);
  for (const char* id : {"a", "b", "c", "d"}) Push(queue, id, 1, 5);
  Push(queue, "low1", 2);
  Push(queue, "low2", 2);
  // In order of service: a b c d late1 late2 low1 low2.
  std::vector<InferenceRequest*> taken;
  queue.TakeAt(std::vector<size_t>{1, 2, 5, 6}, taken);
  EXPECT_THAT(Ids(taken), ElementsAre("b", "c", "late2", "low1"));
  EXPECT_EQ(queue.size(), 4u);
  EXPECT_EQ(queue.rows(), 4u);
  EXPECT_THAT(TakeAll(queue), ElementsAre("a", "d", "late1", "low2"));
}

TEST_F(RequestQueueTest, RefusesWhatExceedsTheSizeOfItsLevel) {
  QueuePolicy two;
  two.max_queue_size = 2;
  const QueuePolicy levels[2] = {two, {}};
  RequestQueue queue(levels);
  EXPECT_EQ(Push(queue, "a", 1), "");
  EXPECT_EQ(Push(queue, "b", 1), "");
  EXPECT_EQ(Push(queue, "x", 1), "[request id: x] Exceeds maximum queue size");
  EXPECT_EQ(Push(queue, "c", 2), "");
  EXPECT_THAT(TakeAll(queue), ElementsAre("a", "b", "c"));
}

class FairRequestQueueTest : public RequestQueueTest {
 protected:
  void PushOf(RequestQueue& queue, ParameterValue client, const char* id, int at_us = 0, uint64_t timeout_us = 0,
              uint64_t priority = 0) {
    auto request = InferenceRequest::Create(model_, -1);
    request->SetId(id);
    request->SetPriority(priority);
    request->SetTimeoutMicroseconds(timeout_us);
    request->AddParameter("client", std::move(client));
    request->SetResponseCallback(nullptr, nullptr, nullptr, nullptr);
    EXPECT_TRUE(queue.Push(request, At(at_us)).ok());
  }
};

TEST_F(FairRequestQueueTest, ServesClientsInTurnWithinALevel) {
  const QueuePolicy levels[2] = {};
  RequestQueue queue(levels, "client");
  for (const char* id : {"a1", "a2", "a3"}) PushOf(queue, "a", id, 0, 0, 2);
  for (const char* id : {"b1", "b2"}) PushOf(queue, "b", id, 0, 0, 2);
  PushOf(queue, "a", "first", 0, 0, 1);
  EXPECT_THAT(TakeAll(queue), ElementsAre("first", "a1", "b1", "a2", "b2", "a3"));
}

TEST_F(FairRequestQueueTest, KnowsClientsByNumbersTooAndThoseWithoutNameAsOne) {
  const QueuePolicy levels[1] = {};
  RequestQueue queue(levels, "client");
  Push(queue, "n1");
  Push(queue, "n2");
  PushOf(queue, int64_t{5}, "f1");
  PushOf(queue, "5", "f2");
  EXPECT_THAT(TakeAll(queue), ElementsAre("n1", "f1", "n2", "f2"));
}

TEST_F(FairRequestQueueTest, AHeaderCountsMoreThanTheBodyWhateverItsCase) {
  const QueuePolicy levels[1] = {};
  RequestQueue queue(levels, "client");
  for (const char* id : {"a1", "a2"}) {
    auto request = InferenceRequest::Create(model_, -1);
    request->SetId(id);
    request->AddParameter("client", id);
    request->AddParameter("Client", "a");
    request->SetResponseCallback(nullptr, nullptr, nullptr, nullptr);
    EXPECT_TRUE(queue.Push(request, At(0)).ok());
  }
  PushOf(queue, "b", "b1");
  EXPECT_THAT(TakeAll(queue), ElementsAre("a1", "b1", "a2"));
}

TEST_F(FairRequestQueueTest, AFullLevelMakesRoomForWhoHasLess) {
  const QueuePolicy levels[1] = {{.max_queue_size = 3}};
  RequestQueue queue(levels, "client");
  for (const char* id : {"a1", "a2", "a3"}) PushOf(queue, "a", id);
  auto request = InferenceRequest::Create(model_, -1);
  request->SetId("b1");
  request->AddParameter("client", "b");
  std::unique_ptr<InferenceRequest> displaced;
  ASSERT_TRUE(queue.Push(request, At(0), &displaced).ok());
  ASSERT_NE(displaced, nullptr);
  EXPECT_EQ(displaced->id(), "a3");
  displaced.reset();
  auto more = InferenceRequest::Create(model_, -1);
  more->SetId("a4");
  more->AddParameter("client", "a");
  EXPECT_EQ(queue.Push(more, At(0), &displaced).message(), "[request id: a4] Exceeds maximum queue size");
  EXPECT_EQ(displaced, nullptr);
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_THAT(TakeAll(queue), ElementsAre("a1", "b1", "a2"));
}

TEST_F(FairRequestQueueTest, FindsExpiredRequestsWhereverTheyStand) {
  const QueuePolicy levels[1] = {Timeout(100)};
  RequestQueue queue(levels, "client");
  PushOf(queue, "a", "a1", 0);
  PushOf(queue, "a", "a2", 10);
  PushOf(queue, "b", "b1", 50);
  EXPECT_EQ(queue.next_deadline(), At(100));
  EXPECT_THAT(Expire(queue, 120), ElementsAre("a1", "a2"));
  EXPECT_EQ(queue.next_deadline(), At(150));
  EXPECT_THAT(TakeAll(queue), ElementsAre("b1"));
}

TEST_F(RequestQueueTest, RejectsWhenTheTimeoutHasPassed) {
  const QueuePolicy levels[1] = {Timeout(100)};
  RequestQueue queue(levels);
  Push(queue, "a", 0, 0);
  Push(queue, "b", 0, 50);
  EXPECT_EQ(queue.next_deadline(), At(100));
  EXPECT_THAT(Expire(queue, 99), IsEmpty());
  EXPECT_THAT(Expire(queue, 100), ElementsAre("a"));
  EXPECT_EQ(queue.next_deadline(), At(150));
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_THAT(TakeAll(queue), ElementsAre("b"));
  EXPECT_EQ(queue.next_deadline(), TimePoint::max());
}

TEST_F(RequestQueueTest, DelaysExpiredRequestsBehindTheOthersOfTheirLevel) {
  const QueuePolicy levels[2] = {Timeout(100, true), {}};
  RequestQueue queue(levels);
  Push(queue, "a", 1, 0);
  Push(queue, "z", 2, 0);
  Push(queue, "b", 1, 50);
  EXPECT_THAT(Expire(queue, 120), IsEmpty());
  Push(queue, "c", 1, 120);
  EXPECT_THAT(TakeAll(queue), ElementsAre("b", "c", "a", "z"));
}

TEST_F(RequestQueueTest, LetsRequestsOnlyShortenATimeoutThatIsThere) {
  struct Case {
    QueuePolicy policy;
    uint64_t asked_us;
    TimePoint deadline;
  };
  const Case cases[] = {
      {Timeout(100, false, true), 40, At(40)},         {Timeout(100, false, true), 400, At(100)},
      {Timeout(100, false, true), 0, At(100)},         {Timeout(100, false, false), 40, At(100)},
      {Timeout(0, false, true), 40, TimePoint::max()},
  };
  for (const Case& c : cases) {
    RequestQueue queue(std::span(&c.policy, 1));
    Push(queue, "a", 0, 0, c.asked_us);
    EXPECT_EQ(queue.next_deadline(), c.deadline);
  }
}

TEST_F(RequestQueueTest, FindsExpiredRequestsBehindOnesThatAreNot) {
  const QueuePolicy levels[1] = {Timeout(100, false, true)};
  RequestQueue queue(levels);
  Push(queue, "a", 0, 0);
  Push(queue, "b", 0, 0, 10);
  Push(queue, "c", 0, 0);
  EXPECT_THAT(Expire(queue, 20), ElementsAre("b"));
  EXPECT_THAT(TakeAll(queue), ElementsAre("a", "c"));
}

TEST_F(RequestQueueTest, GivesCancelledRequestsOut) {
  const QueuePolicy levels[1] = {};
  RequestQueue queue(levels);
  auto request = InferenceRequest::Create(model_, -1);
  InferenceRequest* const cancelled = request.get();
  request->SetId("b");
  Push(queue, "a");
  ASSERT_TRUE(queue.Push(request, At(0)).ok());
  Push(queue, "c");
  cancelled->Cancel();
  std::vector<InferenceRequest*> out;
  queue.TakeCancelled(out);
  EXPECT_THAT(Ids(out), ElementsAre("b"));
  EXPECT_THAT(TakeAll(queue), ElementsAre("a", "c"));
}

TEST(RingQueueTest, KeepsOrderWhileItWrapsAndGrows) {
  RingQueue<int> queue;
  int next_in = 0, next_out = 0;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < round; ++i) queue.push_back(next_in++);
    for (int i = 0; i < round / 2; ++i) ASSERT_EQ(queue.pop_front(), next_out++);
  }
  queue.EraseIf([](int i) { return i % 2 == 0; });
  while (!queue.empty()) ASSERT_EQ(queue.pop_front() % 2, 1);
}

TEST_F(RequestQueueTest, ATimeoutThatCannotBeCountedNeverComes) {
  const QueuePolicy longest[] = {{.default_timeout = SaturatingMicroseconds(9'223'372'036'854'775)}};
  RequestQueue queue(longest);
  Push(queue, "a", 0, /*at_us=*/1000);
  EXPECT_THAT(Expire(queue, 2'000'000'000), IsEmpty());
  EXPECT_EQ(queue.next_deadline(), TimePoint::max());
  EXPECT_THAT(TakeAll(queue), ElementsAre("a"));
}

}  // namespace
}  // namespace neso
