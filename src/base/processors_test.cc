#include "neso/processors.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace neso {
namespace {

class CgroupTest : public testing::Test {
 protected:
  ~CgroupTest() override { std::filesystem::remove_all(root_); }

  void Put(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text << "\n";
  }
  CgroupLimits Read() const { return ReadCgroupLimits(root()); }
  std::string root() const { return root_.string(); }

 private:
  const std::filesystem::path root_ = testing::TempDir() + "neso_cgroup_" + std::to_string(getpid());
};

TEST_F(CgroupTest, ASystemWithoutGroupsHasNoLimits) {
  const CgroupLimits limits = Read();
  EXPECT_EQ(limits.processors, std::nullopt);
  EXPECT_EQ(limits.memory_bytes, std::nullopt);
}

TEST_F(CgroupTest, Version2GivesQuotaAndMemory) {
  Put("proc/self/cgroup", "0::/pod/container");
  Put("sys/fs/cgroup/pod/container/cpu.max", "250000 100000");
  Put("sys/fs/cgroup/pod/container/memory.max", "1073741824");
  EXPECT_EQ(Read().processors, 2.5);
  EXPECT_EQ(Read().memory_bytes, 1073741824u);
}

TEST_F(CgroupTest, TheStrictestGroupOnTheWayUpCounts) {
  Put("proc/self/cgroup", "0::/pod/container");
  Put("sys/fs/cgroup/pod/container/cpu.max", "max 100000");
  Put("sys/fs/cgroup/pod/cpu.max", "100000 100000");
  Put("sys/fs/cgroup/pod/container/memory.max", "4000000");
  Put("sys/fs/cgroup/pod/memory.max", "3000000");
  EXPECT_EQ(Read().processors, 1.0);
  EXPECT_EQ(Read().memory_bytes, 3000000u);
}

TEST_F(CgroupTest, Version1HasAFolderForEachController) {
  Put("proc/self/cgroup", "4:memory:/docker/1\n2:cpu,cpuacct:/docker/1\n0::/");
  Put("sys/fs/cgroup/cpu/docker/1/cpu.cfs_quota_us", "150000");
  Put("sys/fs/cgroup/cpu/docker/1/cpu.cfs_period_us", "100000");
  Put("sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", "5000000");
  EXPECT_EQ(Read().processors, 1.5);
  EXPECT_EQ(Read().memory_bytes, 5000000u);
}

TEST_F(CgroupTest, AContainerThatSeesItsGroupAsTheRootIsRead) {
  Put("proc/self/cgroup", "2:cpu:/docker/1");
  Put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "300000");
  Put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000");
  EXPECT_EQ(Read().processors, 3.0);
}

TEST_F(CgroupTest, NoLimitIsWrittenInManyWays) {
  Put("proc/self/cgroup", "4:memory:/\n2:cpu:/\n0::/");
  Put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1");
  Put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000");
  Put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
  Put("sys/fs/cgroup/memory.max", "max");
  Put("sys/fs/cgroup/cpu.max", "nonsense");
  EXPECT_EQ(Read().processors, std::nullopt);
  EXPECT_EQ(Read().memory_bytes, std::nullopt);
}

TEST_F(CgroupTest, ProcessorsThatShareACoreAreOneCore) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int i : {0, 1, 4, 5, 7}) CPU_SET(i, &set);
  Put("sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "0,4");
  Put("sys/devices/system/cpu/cpu4/topology/thread_siblings_list", "0,4");
  Put("sys/devices/system/cpu/cpu1/topology/thread_siblings_list", "1,5");
  Put("sys/devices/system/cpu/cpu5/topology/thread_siblings_list", "1,5");
  EXPECT_EQ(CoresOf(set, root()), 3u);  // nothing is known of the last one
}

TEST(ProcessorsTest, AQuotaBelowTheMaskIsRoundedUp) {
  EXPECT_EQ(ProcessorsFor(8, std::nullopt), 8u);
  EXPECT_EQ(ProcessorsFor(8, 16.0), 8u);
  EXPECT_EQ(ProcessorsFor(8, 2.5), 3u);
  EXPECT_EQ(ProcessorsFor(8, 0.1), 1u);
  EXPECT_EQ(ProcessorsFor(0, std::nullopt), 1u);
}

TEST(ProcessorsTest, ThisProcessHasAtLeastOne) { EXPECT_GE(UsableProcessors(), 1u); }

}  // namespace
}  // namespace neso
