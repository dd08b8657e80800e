#include "base/replace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace neso {
namespace {

Status Failed(const std::string& path) { return Internal("failed to write '{}': {}", path, std::strerror(errno)); }

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) text.remove_prefix(static_cast<size_t>(written));
  }
  return fsync(fd) == 0;
}

// As those of the file that is there, if there is one.
bool TakeModeOf(const std::string& path, int fd) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return errno == ENOENT;
  // Only root may give files away; anybody else's stay their own.
  [[maybe_unused]] const int given = fchown(fd, info.st_uid, info.st_gid);
  return fchmod(fd, info.st_mode & 07777) == 0;
}

}  // namespace

Status ReplaceFile(const std::string& path, std::string_view text) {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::weakly_canonical(path, error);
  const std::string name = error ? path : target.string();
  std::string temporary = name + ".XXXXXX";
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);  // for its owner alone
  if (fd < 0) return Failed(path);
  Status status;
  if (!WriteAll(fd, text) || !TakeModeOf(name, fd)) status = Failed(path);
  close(fd);
  if (status.ok() && std::rename(temporary.c_str(), name.c_str()) != 0) status = Failed(path);
  if (!status.ok()) unlink(temporary.c_str());
  return status;
}

}  // namespace neso
