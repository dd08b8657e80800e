#include "repository/storage/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/log.h"
#include "base/owned_descriptor.h"

namespace neso {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "neso-objects-";

// Whether the folder is ours, and its process has ended. Others may have made anything of that name.
bool IsLeft(const fs::path& folder) {
  struct stat status;
  if (lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != geteuid()) return false;
  const int lock = open((folder / ".lock").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  // One that is being made has no lock of that name yet; one that was left just then is of no size.
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

// Locked before it has the name by which others look for it. -1 when the disk says no, as errno tells.
int MakeLock(const std::string& folder) {
  const std::string unnamed = folder + "/.lock.new";
  OwnedDescriptor lock(open(unnamed.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  const bool is_made = lock.get() >= 0 && flock(lock.get(), LOCK_EX | LOCK_NB) == 0 &&
                       std::rename(unnamed.c_str(), (folder + "/.lock").c_str()) == 0;
  return is_made ? lock.Release() : -1;
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
  const int lock = MakeLock(path);
  const Status failure = lock < 0 ? Internal("failed to lock {}/.lock: {}", path, std::strerror(errno)) : Status();
  std::unique_ptr<RunFolder> folder(new RunFolder(path, lock));
  if (!failure.ok()) return failure;
  return folder;
}

RunFolder::~RunFolder() {
  std::error_code error;
  fs::remove_all(path_, error);
  if (error) LOG_WARNING("failed to remove folder {}: {}", path_, error.message());
  if (lock_ >= 0) close(lock_);
}

}  // namespace neso
