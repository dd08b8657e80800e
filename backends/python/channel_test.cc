#include "channel.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "protocol.h"

namespace neso::python {
namespace {

using Found = Channel::Reader::Found;
using std::chrono::milliseconds;

class ChannelTest : public testing::Test {
 protected:
  ChannelTest() : segment_(std::move(*Segment::Create())), channel_(*segment_) {}

  // As a worker does it; false if the ring is full.
  bool Answer(uint64_t id) {
    const NesoSlot slot{.kind = static_cast<uint32_t>(Kind::kDone), .flags = 0, .id = id, .offset = 0, .length = 0};
    return NesoRingPush(&segment_->rings().answers, &slot, -1) != 0;
  }
  // What a worker finds on the ring of replies.
  std::optional<NesoSlot> TakeReply() {
    NesoRing& ring = segment_->rings().replies;
    if (NesoRingWaiting(&ring, ring.head) == 0) return std::nullopt;
    return ring.slots[ring.head++ % NESO_RING_SLOTS];
  }

  const std::unique_ptr<Segment> segment_;
  Channel channel_;
};

TEST_F(ChannelTest, AnswersComeInTheirOrder) {
  Channel::Reader reader(channel_);
  NesoSlot slot{};
  for (uint64_t id = 0; id < 1000; ++id) {
    ASSERT_TRUE(Answer(id));
    ASSERT_EQ(reader.Next(slot, milliseconds::max()), Found::kMessage);
    EXPECT_EQ(slot.id, id);
    reader.Done();
  }
  EXPECT_EQ(reader.Next(slot, milliseconds(1)), Found::kTimeout);
}

TEST_F(ChannelTest, AWaitingReaderWakes) {
  std::thread worker([this] {
    for (uint64_t id = 0; id < 2000; ++id) {
      while (!Answer(id)) std::this_thread::yield();
    }
  });
  Channel::Reader reader(channel_);
  NesoSlot slot{};
  for (uint64_t id = 0; id < 2000; ++id) {
    ASSERT_EQ(reader.Next(slot, milliseconds::max()), Found::kMessage);
    ASSERT_EQ(slot.id, id);
    reader.Done();
  }
  worker.join();
}

TEST_F(ChannelTest, TheEndOfTheWorkerWakesTheReaderAfterWhatWasWritten) {
  ASSERT_TRUE(Answer(5));
  Channel::Reader reader(channel_);
  std::thread watcher([this] { channel_.Close(); });
  NesoSlot slot{};
  EXPECT_EQ(reader.Next(slot, milliseconds::max()), Found::kMessage);
  reader.Done();
  EXPECT_EQ(reader.Next(slot, milliseconds::max()), Found::kGone);
  watcher.join();
}

TEST_F(ChannelTest, WhatWasPutIsReadBeforeWhatIsPushedNext) {
  NesoRing& ring = segment_->rings().answers;
  ring.consumer = NESO_CONSUMER_ASLEEP;
  const NesoSlot put{.kind = static_cast<uint32_t>(Kind::kRelease), .flags = 0, .id = 1, .offset = 0, .length = 0};
  ASSERT_TRUE(NesoRingPut(&ring, &put));
  EXPECT_EQ(ring.consumer, NESO_CONSUMER_ASLEEP) << "nobody is woken for it";
  ASSERT_TRUE(Answer(2));
  EXPECT_EQ(ring.consumer, NESO_CONSUMER_AWAKE);
  Channel::Reader reader(channel_);
  NesoSlot slot{};
  for (uint64_t id = 1; id <= 2; ++id) {
    ASSERT_EQ(reader.Next(slot, milliseconds::max()), Found::kMessage);
    EXPECT_EQ(slot.id, id);
    reader.Done();
  }
}

// The worker has written a message and is about to ring, when somebody reads it and goes.
TEST_F(ChannelTest, ABellForWhatHasBeenReadIsNotTheLastOne) {
  NesoRing& ring = segment_->rings().answers;
  NesoSlot slot{.kind = static_cast<uint32_t>(Kind::kDone), .flags = 0, .id = 1, .offset = 0, .length = 0};
  ASSERT_TRUE(NesoRingPut(&ring, &slot));
  {
    Channel::Reader reader(channel_);
    ASSERT_TRUE(reader.Poll(slot));
    reader.Done();
  }
  ring.consumer = NESO_CONSUMER_AWAKE;  // as the worker leaves it when it rings
  EXPECT_TRUE(channel_.Drain([](const NesoSlot&) { return true; }));
  EXPECT_EQ(ring.consumer, NESO_CONSUMER_ABSENT) << "or the next message rings no bell";
}

TEST_F(ChannelTest, OneReaderAtATime) {
  Channel::Reader reader(channel_);
  std::thread other([this] { EXPECT_FALSE(Channel::Reader(channel_, std::try_to_lock).reads()); });
  other.join();
}

TEST_F(ChannelTest, RepliesThatFindNoRoomWaitUntilTheWorkerAsks) {
  constexpr uint64_t kCount = 3 * NESO_RING_SLOTS + 7;
  for (uint64_t id = 0; id < kCount; ++id) {
    channel_.PushReply({.kind = static_cast<uint32_t>(Kind::kReply), .flags = 0, .id = id, .offset = 0, .length = 0});
  }
  uint64_t next = 0;
  while (next < kCount) {
    while (const std::optional<NesoSlot> reply = TakeReply()) EXPECT_EQ(reply->id, next++);
    EXPECT_EQ(segment_->rings().replies_stalled, next < kCount ? 1u : 0u);
    channel_.OnPull();
  }
}

TEST_F(ChannelTest, SmallRepliesKeepTheirBodiesUntilTheNextOneIsTaken) {
  std::mt19937 random(7);  // NOLINT: the same every time
  std::deque<std::pair<uint64_t, std::vector<std::byte>>> sent;
  uint64_t refused = 0;
  for (uint64_t id = 0; id < 20'000; ++id) {
    std::vector<std::byte> body(1 + random() % 4200, static_cast<std::byte>(id));
    const NesoSlot slot{.kind = static_cast<uint32_t>(Kind::kReply), .flags = 0, .id = id, .offset = 0, .length = 0};
    if (channel_.PushSmallReply(slot, body)) {
      sent.emplace_back(id, std::move(body));
    } else {
      ++refused;
    }
    while (sent.size() > random() % 12) {
      NesoRing& ring = segment_->rings().replies;
      const NesoSlot& reply = ring.slots[ring.head % NESO_RING_SLOTS];
      ASSERT_EQ(reply.id, sent.front().first);
      ASSERT_LE(reply.offset + reply.length, Segment::kControlSize);
      const std::byte* const at = segment_->At(reply.offset);
      ASSERT_EQ(std::vector<std::byte>(at, at + reply.length), sent.front().second);
      ++ring.head;
      sent.pop_front();
    }
  }
  EXPECT_GT(refused, 0u) << "the room was never full";
}

TEST_F(ChannelTest, ARepliesBodyThatIsLargeOrWouldOvertakeIsNotSmall) {
  NesoSlot slot{.kind = static_cast<uint32_t>(Kind::kReply), .flags = 0, .id = 1, .offset = 0, .length = 0};
  EXPECT_FALSE(channel_.PushSmallReply(slot, std::vector<std::byte>(Segment::kReplyRoom)));
  EXPECT_FALSE(channel_.PushSmallReply(slot, {}));
  while (segment_->rings().replies_stalled == 0) channel_.PushReply(slot);
  while (TakeReply()) {
  }
  EXPECT_FALSE(channel_.PushSmallReply(slot, std::vector<std::byte>(8))) << "others wait before it";
}

TEST_F(ChannelTest, ARingThatIsGarbageIsNotRead) {
  std::mt19937 random(7);  // NOLINT: the same every time
  NesoSlot slot{};
  for (int round = 0; round < 10'000; ++round) {
    const uint32_t tail = static_cast<uint32_t>(random());
    segment_->rings().answers.tail = tail;
    segment_->rings().answers.head = static_cast<uint32_t>(random());
    segment_->rings().answers.consumer = static_cast<uint32_t>(random());
    Channel::Reader reader(channel_);
    const Found found = reader.Next(slot, milliseconds(0));
    EXPECT_EQ(found, tail == 0 ? Found::kTimeout : tail <= NESO_RING_SLOTS ? Found::kMessage : Found::kSpoiled);
  }
  channel_.Spoil();
  EXPECT_FALSE(channel_.HasAnswers());
}

}  // namespace
}  // namespace neso::python
