#include "frontend/shared_memory/shared_memory_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "frontend/shared_memory/test_object.h"

namespace neso {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;

constexpr auto kSystem = RegionKind::kSystem;
constexpr auto kCuda = RegionKind::kCuda;
const uint64_t kPage = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));

class SharedMemoryManagerTest : public ::testing::Test {
 protected:
  std::string Names(RegionKind kind, std::string_view name = {}) const {
    const auto regions = manager_.List(kind, name);
    if (!regions) return regions.error().ToString();
    std::string names;
    for (const RegionInfo& region : *regions) names += region.name + ";";
    return names;
  }
  Status Register(std::string_view name, uint64_t offset, uint64_t byte_size) {
    return manager_.RegisterSystem(name, {.key = object_.key(), .offset = offset, .byte_size = byte_size});
  }
  Status Find(std::string_view name, uint64_t offset, uint64_t byte_size) const {
    return manager_.Find(name, {.offset = offset, .byte_size = byte_size}).status();
  }

  const TestObject object_{"manager", 4 * kPage};
  SharedMemoryManager manager_{{.is_allowed = true}};
};

TEST_F(SharedMemoryManagerTest, ATensorIsWhereTheClientPutIt) {
  ASSERT_TRUE(Register("in", kPage, 2 * kPage).ok());
  object_.bytes()[kPage + 100] = 'x';
  const auto slice = manager_.Find("in", {.offset = 100, .byte_size = 8});
  ASSERT_TRUE(slice.ok()) << slice.error().ToString();
  EXPECT_EQ(slice->base[0], 'x');
  EXPECT_EQ(slice->byte_size, 8U);
  slice->base[1] = 'y';
  EXPECT_EQ(object_.bytes()[kPage + 101], 'y');
  EXPECT_EQ(slice->region->memory().type, MemoryType::kCpu);
}

TEST_F(SharedMemoryManagerTest, RegionsMayOverlap) {
  ASSERT_TRUE(Register("whole", 0, 4 * kPage).ok());
  ASSERT_TRUE(Register("part", kPage, 10).ok());
  manager_.Find("part", {.offset = 9, .byte_size = 1})->base[0] = 'z';
  EXPECT_EQ(manager_.Find("whole", {.offset = kPage + 9, .byte_size = 1})->base[0], 'z');
}

TEST_F(SharedMemoryManagerTest, StatusTellsWhatWasRegisteredInTheOrderOfNames) {
  ASSERT_TRUE(Register("b", kPage, 5).ok());
  ASSERT_TRUE(Register("a", 0, kPage).ok());
  EXPECT_THAT(*manager_.List(kSystem, ""),
              ElementsAre(AllOf(Field(&RegionInfo::name, "a"), Field(&RegionInfo::byte_size, kPage)),
                          AllOf(Field(&RegionInfo::name, "b"), Field(&RegionInfo::key, object_.key()),
                                Field(&RegionInfo::offset, kPage), Field(&RegionInfo::byte_size, 5U))));
  EXPECT_EQ(Names(kSystem, "b"), "b;");
  EXPECT_EQ(Names(kCuda), "");
  EXPECT_EQ(Names(kSystem, "c"), "Not found: Unable to find system shared memory region: 'c'");
  EXPECT_EQ(Names(kCuda, "c"), "Not found: Unable to find cuda shared memory region: 'c'");
  EXPECT_EQ(Names(kCuda, "a"),
            "Not found: The region named 'a' is registered as system shared memory, not CUDA shared memory");
}

TEST_F(SharedMemoryManagerTest, ANameIsTakenUntilItIsUnregistered) {
  ASSERT_TRUE(Register("r", 0, 8).ok());
  EXPECT_EQ(Register("r", 0, 16).ToString(), "Already exists: shared memory region 'r' already in manager");
  EXPECT_EQ(manager_.RegisterSystem("r", {.key = "/nobody", .byte_size = 1}).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(manager_.RegisterCuda("r", {}).code(), StatusCode::kAlreadyExists);
  ASSERT_TRUE(manager_.Unregister(kSystem, "r").ok());
  EXPECT_TRUE(Register("r", 0, 16).ok());
}

TEST_F(SharedMemoryManagerTest, UnregisteringTakesThoseMeantAndNoOthers) {
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(Register(name, 0, 8).ok());
  EXPECT_TRUE(manager_.Unregister(kSystem, "nobody").ok());
  EXPECT_TRUE(manager_.Unregister(kCuda, "a").ok());
  EXPECT_TRUE(manager_.Unregister(kCuda, "").ok());
  EXPECT_EQ(Names(kSystem), "a;b;c;");
  EXPECT_TRUE(manager_.Unregister(kSystem, "b").ok());
  EXPECT_EQ(Names(kSystem), "a;c;");
  EXPECT_TRUE(manager_.Unregister(kSystem, "").ok());
  EXPECT_EQ(Names(kSystem), "");
}

TEST_F(SharedMemoryManagerTest, ARegionInUseOutlivesItsName) {
  ASSERT_TRUE(Register("r", 0, kPage).ok());
  const auto old = manager_.Find("r", {.offset = 0, .byte_size = 4});
  const std::weak_ptr<Region> watched = old->region;
  ASSERT_TRUE(manager_.Unregister(kSystem, "r").ok());
  ASSERT_TRUE(Register("r", kPage, kPage).ok());
  old->base[0] = 'o';
  manager_.Find("r", {.offset = 0, .byte_size = 4})->base[0] = 'n';
  EXPECT_EQ(object_.bytes()[0], 'o');
  EXPECT_EQ(object_.bytes()[kPage], 'n');
  EXPECT_FALSE(watched.expired());
}

TEST_F(SharedMemoryManagerTest, ARegionInUseIsListedUntilItIsNot) {
  ASSERT_TRUE(Register("r", 0, kPage).ok());
  auto first = manager_.Find("r", {.offset = 0, .byte_size = 4});
  auto second = manager_.Find("r", {.offset = 0, .byte_size = 4});
  ASSERT_TRUE(manager_.Unregister(kSystem, "r").ok());
  EXPECT_EQ(Find("r", 0, 4).code(), StatusCode::kNotFound);
  EXPECT_EQ(Names(kSystem), "r;");
  EXPECT_EQ(Names(kSystem, "r"), "r;");
  EXPECT_EQ(Names(kCuda), "");
  EXPECT_THAT(Names(kCuda, "r"), HasSubstr("registered as system shared memory"));
  first->use.reset();
  EXPECT_EQ(Names(kSystem), "r;");
  second->use.reset();
  EXPECT_EQ(Names(kSystem), "");
  EXPECT_EQ(Names(kSystem, "r"), "Not found: Unable to find system shared memory region: 'r'");
}

TEST_F(SharedMemoryManagerTest, ANewRegionIsListedInPlaceOfTheOldOneOfItsName) {
  ASSERT_TRUE(Register("r", 0, kPage).ok());
  const auto old = manager_.Find("r", {.offset = 0, .byte_size = 4});
  ASSERT_TRUE(manager_.Unregister(kSystem, "r").ok());
  ASSERT_TRUE(Register("r", kPage, 2 * kPage).ok());
  EXPECT_THAT(*manager_.List(kSystem, ""), ElementsAre(Field(&RegionInfo::byte_size, 2 * kPage)));
  EXPECT_THAT(*manager_.List(kSystem, "r"), ElementsAre(Field(&RegionInfo::byte_size, 2 * kPage)));
}

TEST_F(SharedMemoryManagerTest, ThereAreNoMoreRegionsThanAllowed) {
  SharedMemoryManager small({.is_allowed = true, .max_regions = 2});
  const SystemRegistration registration{.key = object_.key(), .byte_size = 8};
  EXPECT_TRUE(small.RegisterSystem("a", registration).ok());
  EXPECT_TRUE(small.RegisterSystem("b", registration).ok());
  EXPECT_EQ(small.RegisterSystem("c", registration).code(), StatusCode::kUnavailable);
  EXPECT_EQ(small.RegisterSystem("a", registration).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(small.RegisterCuda("c", {}).code(), StatusCode::kUnavailable);
  EXPECT_TRUE(small.Unregister(kSystem, "a").ok());
  EXPECT_TRUE(small.RegisterSystem("c", registration).ok());
}

TEST_F(SharedMemoryManagerTest, TheLastUserGivesARegionBack) {
  ASSERT_TRUE(Register("r", 0, kPage).ok());
  auto slice = std::make_unique<RegionSlice>(*manager_.Find("r", {.offset = 0, .byte_size = 4}));
  const std::weak_ptr<Region> watched = slice->region;
  ASSERT_TRUE(manager_.Unregister(kSystem, "").ok());
  slice.reset();
  EXPECT_TRUE(watched.expired());
}

TEST_F(SharedMemoryManagerTest, WhatCannotBeRegisteredIsRefusedWithItsReason) {
  const struct {
    std::string key;
    uint64_t offset, byte_size;
    std::string error;
  } rows[] = {
      {"/neso_nobody", 0, 8, "Internal: Unable to open shared memory region: '/neso_nobody'"},
      {"", 0, 8, "Internal: Unable to open shared memory region: ''"},
      {"/a/b", 0, 8, "Internal: Unable to open shared memory region: '/a/b'"},
      {"..", 0, 8, "Internal: Unable to open shared memory region: '..'"},
      {std::string(300, 'k'), 0, 8, "Internal: Unable to open shared memory region: '" + std::string(300, 'k') + "'"},
      {"/", 0, 8, "Invalid argument: cannot register shared memory region 'r' - invalid shm key '/'"},
      {"///", 0, 8, "Invalid argument: cannot register shared memory region 'r' - invalid shm key '///'"},
      {"//triton_python_backend_shm_region_7", 0, 8,
       "Invalid argument: cannot register shared memory region 'r' with key '//triton_python_backend_shm_region_7' as "
       "the key contains the reserved prefix 'triton_python_backend_shm_region_'"},
      {object_.key(), 0, 4 * kPage + 1, "Invalid argument: failed to register shared memory region 'r': invalid args"},
      {object_.key(), UINT64_MAX - kPage + 1, kPage,
       "Invalid argument: failed to register shared memory region 'r': invalid args"},
      {object_.key(), 0, 0,
       "Invalid argument: failed to register shared memory region 'r': unable to process address spaceInvalid "
       "argument"},
      {object_.key(), 1, 8,
       "Invalid argument: failed to register shared memory region 'r': unable to process address spaceInvalid "
       "argument"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(
        manager_.RegisterSystem("r", {.key = row.key, .offset = row.offset, .byte_size = row.byte_size}).ToString(),
        row.error);
  }
  EXPECT_EQ(Names(kSystem), "");
}

TEST_F(SharedMemoryManagerTest, AKeyWithAZeroByteNamesNoOtherObject) {
  const std::string key = object_.key() + std::string("\0x", 2);
  EXPECT_EQ(manager_.RegisterSystem("r", {.key = key, .byte_size = 8}).code(), StatusCode::kInternal);
}

TEST_F(SharedMemoryManagerTest, WhatIsNoFileIsNotMapped) {
  const std::string name = "neso_test_pipe_" + std::to_string(getpid());
  const std::string path = "/dev/shm/" + name;
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(manager_.RegisterSystem("r", {.key = name, .byte_size = 8}).ToString(),
            "Internal: Unable to open shared memory region: '" + name + "'");
  unlink(path.c_str());
}

TEST_F(SharedMemoryManagerTest, TensorsOutsideAreRefused) {
  ASSERT_TRUE(Register("r", 0, 64).ok());
  EXPECT_EQ(Find("other", 0, 8).ToString(), "Not found: Unable to find shared memory region: 'other'");
  EXPECT_EQ(Find("r", 64, 8).ToString(), "Invalid argument: Invalid offset for shared memory region: 'r'");
  EXPECT_EQ(Find("r", 60, 8).ToString(), "Invalid argument: Invalid offset + byte size for shared memory region: 'r'");
  EXPECT_EQ(
      Find("r", 60, UINT64_MAX - 59).ToString(),
      "Invalid argument: Integer overflow detected: byte_size (18446744073709551556) + offset (60) exceeds maximum "
      "value (18446744073709551615) for region 'r'");
}

TEST_F(SharedMemoryManagerTest, ATruncatedObjectIsUsedAsFarAsItIs) {
  ASSERT_TRUE(Register("r", kPage, 2 * kPage).ok());
  object_.Truncate(2 * kPage);
  EXPECT_TRUE(Find("r", 0, kPage).ok());
  EXPECT_THAT(Find("r", 0, kPage + 1).ToString(),
              HasSubstr("Invalid argument: shared memory region 'r': expected its first "));
  object_.Truncate(4 * kPage);
  EXPECT_TRUE(Find("r", 0, 2 * kPage).ok());
}

TEST_F(SharedMemoryManagerTest, ARegionWhoseMemoryWasGoneIsNotUsedAgain) {
  ASSERT_TRUE(Register("r", 0, kPage).ok());
  const auto slice = manager_.Find("r", {.offset = 0, .byte_size = 8});
  EXPECT_TRUE(slice->region->CheckIntact().ok());
  object_.Truncate(0);
  EXPECT_EQ(*static_cast<volatile char*>(slice->base), 0);
  EXPECT_EQ(slice->region->CheckIntact().code(), StatusCode::kInvalidArg);
  object_.Truncate(kPage);
  EXPECT_THAT(Find("r", 0, 8).ToString(), HasSubstr("register it again"));
  ASSERT_TRUE(manager_.Unregister(kSystem, "r").ok());
  ASSERT_TRUE(Register("r", 0, kPage).ok());
  EXPECT_TRUE(Find("r", 0, 8).ok());
}

TEST_F(SharedMemoryManagerTest, WhileDisabledOnlyStatusIsThere) {
  SharedMemoryManager manager({.is_allowed = false});
  const std::string disabled =
      "Unsupported: Client shared memory is disabled. Start the server with '--allow-client-shm=true' to enable.";
  EXPECT_EQ(manager.RegisterSystem("r", {.key = object_.key(), .byte_size = 8}).ToString(), disabled);
  EXPECT_EQ(manager.RegisterCuda("r", {}).ToString(), disabled);
  EXPECT_EQ(manager.Unregister(kSystem, "").ToString(), disabled);
  EXPECT_EQ(manager.Find("r", {}).status().ToString(), disabled);
  EXPECT_TRUE(manager.List(kSystem, "")->empty());
}

size_t OpenFiles() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

TEST_F(SharedMemoryManagerTest, RefusedAndUnregisteredRegionsLeaveNoFileOpen) {
  ASSERT_TRUE(Register("r", 0, 8).ok());
  ASSERT_TRUE(manager_.Unregister(kSystem, "r").ok());
  const size_t before = OpenFiles();
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(Register("r", 1, 8).ok());
    EXPECT_FALSE(Register("r", 0, UINT64_MAX).ok());
    EXPECT_TRUE(Register("r", 0, 8).ok());
    EXPECT_TRUE(manager_.Unregister(kSystem, i % 2 == 0 ? "" : "r").ok());
  }
  EXPECT_EQ(OpenFiles(), before);
}

TEST_F(SharedMemoryManagerTest, ManyThreadsRegisterUseAndUnregister) {
  std::atomic<int> registered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, &registered] {
      for (int i = 0; i < 200; ++i) {
        if (Register("r", 0, kPage).ok()) ++registered;
        if (const auto slice = manager_.Find("r", {.offset = 8, .byte_size = 8}); slice.ok()) {
          std::atomic_ref<char>(slice->base[0]).store('x');
        }
        (void)manager_.List(kSystem, "").ok();
        EXPECT_TRUE(manager_.Unregister(kSystem, "r").ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(registered, 200);
  EXPECT_EQ(Names(kSystem), "");
}

}  // namespace
}  // namespace neso
