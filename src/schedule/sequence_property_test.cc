// Sequences of many clients under configurations of all kinds, with cancellations, timeouts and pauses: what holds
// always.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "schedule/sequence_test_support.h"

namespace neso {
namespace {

using test::FakeInstance;
using test::kEnd;
using test::kStart;

// What the instances see of the sequences, and whether it may be so.
class Witness {
 public:
  FakeInstance::Body OnInstance(size_t instance, bool has_rows) {
    return [this, instance, has_rows](std::span<InferenceRequest* const> requests) {
      {
        MutexLock lock(mutex_);
        for (size_t row = 0; row < requests.size(); ++row) {
          if (!requests[row]->is_null()) Begin(*requests[row], {instance, has_rows ? row : 0});
        }
      }
      std::this_thread::yield();
      for (InferenceRequest* request : requests) {
        {
          MutexLock lock(mutex_);
          executing_.erase(request->correlation_id().number());
        }
        test::AnswerAndRelease(request);
      }
    };
  }
  size_t executed() {
    MutexLock lock(mutex_);
    return executed_;
  }

 private:
  using Place = std::pair<size_t, size_t>;

  void Begin(const InferenceRequest& request, Place place) REQUIRES(mutex_) {
    const uint64_t sequence = request.correlation_id().number();
    const int index = std::stoi(request.id());
    EXPECT_TRUE(executing_.insert(sequence).second) << "one request of a sequence at a time";
    const auto [last, is_first] = last_.try_emplace(sequence, index);
    EXPECT_TRUE(is_first || last->second < index) << "in order, and once";
    EXPECT_EQ(is_first, index == 0) << "what is executed of a sequence begins with its first request";
    last->second = index;
    EXPECT_EQ(places_.try_emplace(sequence, place).first->second, place) << "a sequence stays where it began";
    ++executed_;
  }

  Mutex mutex_;
  std::set<uint64_t> executing_ GUARDED_BY(mutex_);
  std::map<uint64_t, int> last_ GUARDED_BY(mutex_);
  std::map<uint64_t, Place> places_ GUARDED_BY(mutex_);
  size_t executed_ GUARDED_BY(mutex_) = 0;
};

class SequencePropertyTest : public test::SequenceTest, public ::testing::WithParamInterface<unsigned> {
 protected:
  // Sends sequences one after the other, as long as the server knows them.
  void Client(uint64_t number, unsigned seed) {
    std::mt19937 random(seed);
    for (uint64_t i = 0; i < 40; ++i) {
      const uint64_t sequence = 1 + number * 1000 + i;
      const unsigned length = 1 + random() % 6;
      for (unsigned index = 0; index < length; ++index) {
        const bool ends = index + 1 == length && random() % 4 != 0;
        auto request =
            Make(std::to_string(index), CorrelationId(sequence), (index == 0 ? kStart : 0) | (ends ? kEnd : 0));
        if (random() % 8 == 0) request->SetTimeoutMicroseconds(1 + random() % 1000);
        const std::shared_ptr<ResponseFactory> factory = request->shared_response_factory();
        if (!InferenceRequest::Submit(request).ok()) {
          EXPECT_GT(index, 0) << "a sequence can always start";
          break;
        }
        ++sent_;
        if (random() % 16 == 0) factory->Cancel();
      }
    }
  }
  std::atomic<size_t> sent_{0};
};

TEST_P(SequencePropertyTest, EveryRequestIsAnsweredOnceAndInOrderWhereItsSequenceBegan) {
  std::mt19937 random(GetParam());
  const bool direct = random() % 2 == 0;
  const unsigned max_batch_size = random() % 5, instances = 1 + random() % 3;
  std::string strategy = "direct { }";
  if (direct && random() % 2 == 0) {
    strategy = "direct { minimum_slot_utilization: 0.5 max_queue_delay_microseconds: 200 }";
  } else if (!direct) {
    strategy =
        fmt::format("oldest {{ max_candidate_sequences: {} max_queue_delay_microseconds: {} preserve_ordering: {} }}",
                    1 + random() % 4, random() % 2 * 200, random() % 2 == 0);
  }
  Witness witness;
  std::vector<FakeInstance::Body> bodies;
  for (unsigned i = 0; i < instances; ++i) bodies.push_back(witness.OnInstance(i, direct));
  Load(fmt::format("max_batch_size: {} sequence_batching {{ {} max_sequence_idle_microseconds: 500 }}", max_batch_size,
                   strategy),
       std::move(bodies));
  SCOPED_TRACE(strategy);

  std::vector<std::thread> clients;
  for (uint64_t i = 0; i < 3; ++i)
    clients.emplace_back([this, i] { Client(i, GetParam() * 10 + static_cast<unsigned>(i)); });
  std::atomic<bool> all_sent{false};
  std::thread time([&] {
    while (!all_sent || requester_.releases() < sent_) {
      Advance(std::chrono::microseconds(50));
      std::this_thread::yield();
    }
  });
  for (std::thread& client : clients) client.join();
  all_sent = true;
  time.join();
  requester_.WaitFor(sent_);
  EXPECT_EQ(requester_.answers().size(), sent_);
  EXPECT_GT(witness.executed(), 0);
  while (model_->InflightCount() > 0) std::this_thread::yield();
  EXPECT_EQ(model_->statistics().pending(), 0);
}

INSTANTIATE_TEST_SUITE_P(Configurations, SequencePropertyTest, ::testing::Range(0U, 24U));

}  // namespace
}  // namespace neso
