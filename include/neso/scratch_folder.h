// A folder for temporary files that goes with its owner: also when the process is killed, then the next one that looks
// removes it.
//
//   std::unique_ptr<ScratchFolder> folder = ScratchFolder::Make("neso-model-");   // /tmp/neso-model-x7Gd2k
//   if (folder == nullptr) return Internal("...: {}", std::strerror(errno));
//   ScratchFolder::RemoveAbandoned("neso-model-");                                // those whose owners have died
//
// The owner holds a lock on the folder, which ends with the process however that ends.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace neso {

class ScratchFolder final {
 public:
  // Below the system's folder for temporary files. Null when the disk says no; errno tells why.
  static std::unique_ptr<ScratchFolder> Make(const std::string& prefix) {
    while (true) {
      std::string path = (Base() / (prefix + "XXXXXX")).string();
      if (mkdtemp(path.data()) == nullptr) return nullptr;
      const int fd = OpenLocked(path, LOCK_EX);
      if (fd >= 0 && IsThere(path, fd)) return std::unique_ptr<ScratchFolder>(new ScratchFolder(std::move(path), fd));
      // Somebody took it for an abandoned one, before it was locked.
      const int error = errno;
      if (fd >= 0) {
        close(fd);
      } else if (error != ENOENT) {
        rmdir(path.c_str());
        errno = error;
        return nullptr;
      }
    }
  }
  ~ScratchFolder() {
    Remove();
    close(fd_);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }
  // With all that is in it; the destructor does as well, and tells nobody when it fails.
  std::error_code Remove() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
    return error;
  }

  // Removes this user's folders of that prefix that nobody holds. Returns how many.
  static size_t RemoveAbandoned(const std::string& prefix) {
    size_t removed = 0;
    std::error_code error;
    for (std::filesystem::directory_iterator it(Base(), error), end; !error && it != end; it.increment(error)) {
      const std::string path = it->path().string();
      if (it->path().filename().string().compare(0, prefix.size(), prefix) != 0) continue;
      const int fd = OpenLocked(path, LOCK_EX | LOCK_NB);
      if (fd < 0) continue;
      struct stat status {};
      std::error_code failed;
      if (fstat(fd, &status) == 0 && status.st_uid == geteuid()) {
        std::filesystem::remove_all(path, failed);
        removed += failed ? 0 : 1;
      }
      close(fd);
    }
    return removed;
  }

 private:
  ScratchFolder(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  static std::filesystem::path Base() {
    std::error_code error;
    std::filesystem::path base = std::filesystem::temp_directory_path(error);
    return error ? "/tmp" : base;
  }
  static int OpenLocked(const std::string& path, int lock) {
    const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && flock(fd, lock) == 0) return fd;
    const int error = errno;
    if (fd >= 0) close(fd);
    errno = error;
    return -1;
  }
  static bool IsThere(const std::string& path, int fd) {
    struct stat named {};
    struct stat held {};
    return lstat(path.c_str(), &named) == 0 && fstat(fd, &held) == 0 && named.st_ino == held.st_ino;
  }

  const std::string path_;
  const int fd_;
};

}  // namespace neso
