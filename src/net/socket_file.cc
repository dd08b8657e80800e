#include "net/socket_file.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace neso::net {
namespace {

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

std::error_code LastError() { return {errno, std::generic_category()}; }

void RemoveIfNobodyListens(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return;
  const sockaddr_un address = AddressOf(path);
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) return;
  const bool refused =
      connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno == ECONNREFUSED;
  close(probe);
  if (refused) unlink(path.c_str());
}

// Where the link leads; empty if it is none.
std::string TargetOf(const std::string& link) {
  std::error_code error;
  return std::filesystem::read_symlink(link, error).string();
}

// Not by its folder: the folder may be mounted elsewhere for a client.
std::string LinkTo(const std::string& path) { return std::filesystem::path(path).filename().string(); }

}  // namespace

SocketFile::SocketFile(SocketFile&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      name_(std::exchange(other.name_, {})),
      device_(other.device_),
      inode_(other.inode_) {}

size_t SocketFile::MaxPathBytes() { return sizeof(sockaddr_un::sun_path) - 1; }

std::error_code SocketFile::Bind(int fd, const std::string& path) {
  RemoveIfNobodyListens(path);
  const sockaddr_un address = AddressOf(path);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return LastError();
  Adopt(path);
  return path_.empty() ? LastError() : std::error_code();
}

void SocketFile::Adopt(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return;
  path_ = path;
  device_ = info.st_dev;
  inode_ = info.st_ino;
}

void SocketFile::Release() {
  path_.clear();
  name_.clear();
}

std::error_code SocketFile::AddName(const std::string& name) {
  // One that a killed process left leads to the file that is ours now.
  if (TargetOf(name) != LinkTo(path_)) {
    if (name.size() <= MaxPathBytes()) RemoveIfNobodyListens(name);
    if (symlink(LinkTo(path_).c_str(), name.c_str()) != 0)
      return errno == EEXIST ? std::make_error_code(std::errc::address_in_use) : LastError();
  }
  name_ = name;
  return {};
}

void SocketFile::Remove() {
  struct stat info {};
  if (!path_.empty() && lstat(path_.c_str(), &info) == 0 && info.st_dev == device_ && info.st_ino == inode_) {
    if (!name_.empty() && TargetOf(name_) == LinkTo(path_)) unlink(name_.c_str());
    unlink(path_.c_str());
  }
  Release();
}

}  // namespace neso::net
