#include "net/unread_meter.h"

#include <gtest/gtest.h>

#include <thread>

namespace neso::net {
namespace {

constexpr size_t kLimit = 1'000'000;

TEST(UnreadMeterTest, WhatWaitsDecidesAndNotWhatComes) {
  ClientAccount account({.max_unread_bytes = kLimit});
  UnreadMeter meter(account);
  meter.Add(kLimit);
  EXPECT_FALSE(meter.IsTooMuch());
  meter.Add(5 * kLimit);
  EXPECT_TRUE(meter.IsTooMuch());
  meter.Clear();
  EXPECT_FALSE(meter.IsTooMuch());
}

TEST(UnreadMeterTest, WhoReadsMayBeFurtherBehind) {
  ClientAccount account({.max_unread_bytes = kLimit});
  UnreadMeter meter(account), other(account);
  meter.Add(3 * kLimit);
  EXPECT_TRUE(meter.IsTooMuch());
  meter.Remove(1);
  EXPECT_FALSE(meter.IsTooMuch());
  other.Add(kLimit + 1);
  EXPECT_TRUE(other.IsTooMuch()) << "this one is not read";
  meter.Add(UnreadMeter::kWhileReading * kLimit);
  meter.Remove(1);
  EXPECT_TRUE(meter.IsTooMuch()) << "too far";
  meter.Remove(UnreadMeter::kWhileReading * kLimit);
  EXPECT_FALSE(meter.IsTooMuch());
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_TRUE(meter.IsTooMuch()) << "it is not read any more";
}

TEST(UnreadMeterTest, BesideOthersThatHaveTooMuchALittleIsTaken) {
  ClientAccount account({.max_unread_bytes = kLimit});
  UnreadMeter other(account);
  other.Add(2 * kLimit);
  UnreadMeter meter(account);
  meter.Add(64 * 1024);
  EXPECT_FALSE(meter.IsTooMuch());
  meter.Add(1);
  EXPECT_TRUE(meter.IsTooMuch());
}

TEST(UnreadMeterTest, AnAnswerThatIsDroppedIsNotCountedAnyMore) {
  ClientAccount account({.max_unread_bytes = kLimit});
  {
    UnreadMeter meter(account);
    meter.Add(100);
    meter.Remove(40);
    EXPECT_EQ(account.Held(ClientAccount::kUnread), 60u);
  }
  EXPECT_EQ(account.Held(ClientAccount::kUnread), 0u);
}

TEST(UnreadMeterTest, WhoIsPushedBackIsSoUntilTheLowWatermark) {
  ClientAccount account({.max_unread_bytes = kLimit});
  PushBack push_back(account);
  UnreadMeter meter(account);
  meter.Add(kLimit);
  EXPECT_FALSE(push_back.IsOn());
  meter.Add(1);
  EXPECT_TRUE(push_back.IsOn());
  meter.Remove(kLimit / 2);
  EXPECT_TRUE(push_back.IsOn());
  meter.Remove(1);
  EXPECT_FALSE(push_back.IsOn());
  meter.Add(kLimit / 2);
  EXPECT_FALSE(push_back.IsOn());
}

}  // namespace
}  // namespace neso::net
