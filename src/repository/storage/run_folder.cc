#include "repository/storage/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/log.h"

namespace neso {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "neso-objects-";

// Whether the folder is ours, and its process has ended. Others may have made anything of that name.
bool IsLeft(const fs::path& folder) {
  struct stat status;
  if (lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != geteuid()) return false;
  const int lock = open((folder / ".lock").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  // One that is being made has no lock yet; one that was left just then is of no size.
  if (lock < 0) return false;
  const bool is_free = flock(lock, LOCK_EX | LOCK_NB) == 0;
  close(lock);
  return is_free;
}

void RemoveLeftOnes(const std::string& parent) {
  std::error_code error;
  for (fs::directory_iterator it(parent, error), end; !error && it != end; it.increment(error)) {
    if (!it->path().filename().string().starts_with(kPrefix) || !IsLeft(it->path())) continue;
    std::error_code failed;
    const uintmax_t count = fs::remove_all(it->path(), failed);
    LOG_INFO("removed {}, which a server that ended early left behind ({} files and folders)", it->path().string(),
             count);
  }
}

}  // namespace

Expected<std::unique_ptr<RunFolder>> RunFolder::Create(const std::string& parent) {
  std::error_code error;
  fs::create_directories(parent, error);
  if (error) return Internal("failed to create directory {}: {}", parent, error.message());
  RemoveLeftOnes(parent);
  std::string path = parent + "/" + std::string(kPrefix) + "XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    return Internal("failed to create local temp folder: {}, errno: {}", path, std::strerror(errno));
  }
  const int lock = open((path + "/.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  std::unique_ptr<RunFolder> folder(new RunFolder(path, lock));
  if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0) {
    return Internal("failed to lock {}/.lock: {}", path, std::strerror(errno));
  }
  return folder;
}

RunFolder::~RunFolder() {
  std::error_code error;
  fs::remove_all(path_, error);
  if (error) LOG_WARNING("failed to remove folder {}: {}", path_, error.message());
  if (lock_ >= 0) close(lock_);
}

}  // namespace neso
