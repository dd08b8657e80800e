#include "net/unread_meter.h"

#include <gtest/gtest.h>

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
  meter.Remove(5 * kLimit);
  EXPECT_FALSE(meter.IsTooMuch());
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
