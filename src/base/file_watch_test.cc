#include "base/file_watch.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "base/test_folder.h"

namespace neso {
namespace {

namespace fs = std::filesystem;

// Counts what it is told, and waits for it.
class Told {
 public:
  void Tell() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  // Whether it was told since the last time, or is within a time that is long for inotify and short for polling.
  bool Wait() {
    std::unique_lock lock(mutex_);
    const bool came = changed_.wait_for(lock, FileWatch::kLookEvery / 2, [this] { return count_ > seen_; });
    seen_ = count_;
    return came;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
  int seen_ = 0;
};

class FileWatchTest : public testing::Test {
 protected:
  static void Write(const fs::path& path, const char* text) { std::ofstream(path) << text; }

  const TestFolder made_;
  const fs::path folder_ = made_.path();
  Told told_;
};

TEST_F(FileWatchTest, TellsOfAFileThatIsWrittenReplacedAndRemoved) {
  const fs::path file = folder_ / "keys";
  Write(file, "1");
  const FileWatch watch(file, FileStamp(file), [this] { told_.Tell(); });
  Write(file, "22");
  EXPECT_TRUE(told_.Wait());
  Write(folder_ / "new", "333");
  fs::rename(folder_ / "new", file);
  EXPECT_TRUE(told_.Wait());
  fs::remove(file);
  EXPECT_TRUE(told_.Wait());
  Write(file, "4");
  EXPECT_TRUE(told_.Wait());
}

TEST_F(FileWatchTest, TellsOfWhatHappenedSinceTheFileWasRead) {
  const fs::path file = folder_ / "keys";
  Write(file, "1");
  const FileStamp read(file);
  Write(file, "22");
  const FileWatch watch(file, read, [this] { told_.Tell(); });
  EXPECT_TRUE(told_.Wait());
}

TEST_F(FileWatchTest, TellsOfLinksThatKubernetesSwaps) {
  for (const char* version : {"..1", "..2", "..3"}) {
    fs::create_directory(folder_ / version);
    Write(folder_ / version / "keys", version);
  }
  fs::create_symlink("..1", folder_ / "..data");
  fs::create_symlink("..data/keys", folder_ / "keys");
  const FileWatch watch(folder_ / "keys", FileStamp(folder_ / "keys"), [this] { told_.Tell(); });
  for (const char* version : {"..2", "..3"}) {
    fs::create_symlink(version, folder_ / "..data_tmp");
    fs::rename(folder_ / "..data_tmp", folder_ / "..data");
    EXPECT_TRUE(told_.Wait()) << version;
  }
}

TEST_F(FileWatchTest, TellsOfTheFileBehindALinkIntoAnotherFolder) {
  fs::create_directories(folder_ / "here");
  fs::create_directories(folder_ / "there");
  Write(folder_ / "there" / "keys", "1");
  fs::create_symlink(folder_ / "there" / "keys", folder_ / "here" / "keys");
  const FileWatch watch(folder_ / "here" / "keys", FileStamp(folder_ / "here" / "keys"), [this] { told_.Tell(); });
  Write(folder_ / "there" / "keys", "22");
  EXPECT_TRUE(told_.Wait());
}

}  // namespace
}  // namespace neso
