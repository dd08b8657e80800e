#include "frontend/access/access_keys.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/replace_file.h"
#include "base/test_folder.h"
#include "frontend/access/access_file.h"

namespace neso {
namespace {

namespace fs = std::filesystem;

AccessKey Key(const std::string& id, std::vector<std::string> models = {"*"}) {
  AccessKey key;
  key.name = key.id = id;
  key.digest = Sha256(id);
  key.models = std::move(models);
  return key;
}

class AccessKeysTest : public testing::Test {
 protected:
  AccessKeysTest() { path_ = (folder_ / "keys.json").string(); }

  void Write(const std::vector<AccessKey>& keys) { EXPECT_TRUE(ReplaceFile(path_, AccessFileText(keys)).ok()); }

  // Whether it becomes so within a time that only a machine that stands still takes.
  template <typename Condition>
  static bool Becomes(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  const TestFolder made_;
  const fs::path folder_ = made_.path();
  std::string path_;
};

TEST_F(AccessKeysTest, FilesThatCannotBeUsedAreNamed) {
  const auto missing = AccessKeys::Load(path_);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message().find(path_), std::string::npos);
  EXPECT_TRUE(ReplaceFile(path_, "{}").ok());
  const auto wrong = AccessKeys::Load(path_);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message().find(path_), 0u) << wrong.error().message();
}

TEST_F(AccessKeysTest, WhatAKeyHasUsedStaysWithIt) {
  const AccessTable before({Key("a")}, 1, nullptr);
  EXPECT_TRUE(before.Find("a")->use->places().TryTake(1));
  const AccessTable after({Key("b"), Key("a", {"m"})}, 2, &before);
  EXPECT_FALSE(after.Find("a")->use->places().TryTake(1));
  EXPECT_TRUE(after.Find("b")->use->places().TryTake(1));
  EXPECT_FALSE(after.Find("a")->key.Sees("n"));
  EXPECT_EQ(after.Find("c"), nullptr);
}

TEST_F(AccessKeysTest, ThreadsSeeChangesAndNeverATableThatIsGone) {
  Write({Key("always"), Key("k0")});
  const auto keys = AccessKeys::Load(path_);
  ASSERT_TRUE(keys);
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const AccessTable& table = (*keys)->Current();
        const AccessTable::Entry* const entry = table.Find("always");
        if (entry == nullptr || entry->key.digest != Sha256("always")) ++wrong;
        const std::shared_ptr<const AccessTable::Entry> held = entry != nullptr ? table.Hold(*entry) : nullptr;
        (void)(*keys)->Current();  // another one, perhaps: the entry stays
        if (held != nullptr && held->key.name != "always") ++wrong;
      }
    });
  }
  for (int i = 1; i <= 5; ++i) {
    const std::string id = "k" + std::to_string(i);
    Write({Key("always"), Key(id)});
    EXPECT_TRUE(Becomes([&] { return (*keys)->Current().Find(id) != nullptr; })) << id;
  }
  EXPECT_EQ((*keys)->Current().Find("k0"), nullptr);
  EXPECT_TRUE(ReplaceFile(path_, "{\"keys\": [").ok());
  Write({Key("always"), Key("last")});
  EXPECT_TRUE(Becomes([&] { return (*keys)->Current().Find("last") != nullptr; }));
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace neso
