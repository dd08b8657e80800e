#include "net/client_account.h"

#include <gtest/gtest.h>

namespace neso::net {
namespace {

TEST(ClientAccountTest, WhatIsAddedUpToTheLimitIsHeld) {
  ClientAccount account({.max_open_head_bytes = 100});
  EXPECT_TRUE(account.TryAdd(ClientAccount::kHeads, 60));
  EXPECT_TRUE(account.TryAdd(ClientAccount::kHeads, 40));
  EXPECT_FALSE(account.TryAdd(ClientAccount::kHeads, 1));
  EXPECT_EQ(account.Held(ClientAccount::kHeads), 100u);
  account.Remove(ClientAccount::kHeads, 40);
  EXPECT_TRUE(account.TryAdd(ClientAccount::kHeads, 1));
}

TEST(ClientAccountTest, KindsAreApart) {
  ClientAccount account({.max_unfinished_bytes = 10, .max_unread_bytes = 20});
  account.Add(ClientAccount::kUnread, 20);
  EXPECT_FALSE(account.IsOver(ClientAccount::kUnread));
  account.Add(ClientAccount::kUnfinished, 11);
  EXPECT_TRUE(account.IsOver(ClientAccount::kUnfinished));
  account.Add(ClientAccount::kUnread, 1);
  EXPECT_TRUE(account.IsOver(ClientAccount::kUnread));
  EXPECT_EQ(account.Held(ClientAccount::kHeads), 0u);
}

}  // namespace
}  // namespace neso::net
