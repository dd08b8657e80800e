// Which files a socket takes the place of, and which it leaves alone.
#include "net/socket_file.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace neso::net {
namespace {

namespace fs = std::filesystem;

class SocketFileTest : public ::testing::Test {
 protected:
  SocketFileTest() {
    std::string pattern = (fs::temp_directory_path() / "neso-socket-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    path_ = folder_ / "s";
  }
  ~SocketFileTest() override {
    for (const int fd : open_) close(fd);
    fs::remove_all(folder_);
  }

  int NewSocket() { return open_.emplace_back(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }
  // What a killed process leaves behind at `path`.
  void LeaveBehind(const std::string& path) {
    SocketFile file;
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_FALSE(file.Bind(fd, path));
    fs::rename(path, path + ".kept");
    file.Remove();
    fs::rename(path + ".kept", path);
    close(fd);
  }

  fs::path folder_;
  std::string path_;
  std::vector<int> open_;
};

TEST_F(SocketFileTest, GoesWithItsOwner) {
  {
    SocketFile file;
    ASSERT_FALSE(file.Bind(NewSocket(), path_));
    SocketFile moved(std::move(file));
    EXPECT_TRUE(fs::is_socket(path_));
  }
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(SocketFileTest, ReplacesOneThatNobodyListensOn) {
  LeaveBehind(path_);
  ASSERT_TRUE(fs::is_socket(path_));
  SocketFile file;
  EXPECT_FALSE(file.Bind(NewSocket(), path_));
}

TEST_F(SocketFileTest, LeavesWhatIsInUseAndWhatIsNoSocket) {
  SocketFile first;
  const int fd = NewSocket();
  ASSERT_FALSE(first.Bind(fd, path_));
  ASSERT_EQ(listen(fd, 1), 0);
  SocketFile second;
  EXPECT_EQ(second.Bind(NewSocket(), path_), std::errc::address_in_use);
  EXPECT_TRUE(fs::is_socket(path_));

  std::ofstream(folder_ / "file") << "precious";
  EXPECT_EQ(second.Bind(NewSocket(), folder_ / "file"), std::errc::address_in_use);
  EXPECT_EQ(fs::file_size(folder_ / "file"), 8u);
  EXPECT_EQ(second.Bind(NewSocket(), folder_ / "none" / "s"), std::errc::no_such_file_or_directory);
}

TEST_F(SocketFileTest, AFileThatAnotherHasPutThereStays) {
  SocketFile first;
  ASSERT_FALSE(first.Bind(NewSocket(), path_));
  fs::rename(path_, folder_ / "old");
  SocketFile second;
  ASSERT_FALSE(second.Bind(NewSocket(), path_));
  first.Remove();
  EXPECT_TRUE(fs::is_socket(path_));
}

TEST_F(SocketFileTest, ASecondNameLeadsToItAndGoesWithIt) {
  const std::string name = path_ + ":8001";
  fs::create_symlink("s", name);  // of a killed process
  for (int round = 0; round < 2; round++) {
    SocketFile file;
    ASSERT_FALSE(file.Bind(NewSocket(), path_));
    EXPECT_FALSE(file.AddName(name));
    EXPECT_EQ(fs::read_symlink(name), "s");
    file.Remove();
    EXPECT_FALSE(fs::is_symlink(name));
  }
  LeaveBehind(name);
  SocketFile file;
  ASSERT_FALSE(file.Bind(NewSocket(), path_));
  EXPECT_FALSE(file.AddName(name));
  std::ofstream(folder_ / "file") << "precious";
  EXPECT_EQ(file.AddName(folder_ / "file"), std::errc::address_in_use);
  EXPECT_EQ(fs::file_size(folder_ / "file"), 8u);
}

}  // namespace
}  // namespace neso::net
