#include "environment_archive.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

#include "neso/scratch_folder.h"

extern char** environ;

namespace neso::python {
namespace {

using backend::Status;

// Triton's folders for the same are at the top: nobody can tell whether they are in use.
constexpr const char* kPrefix = "neso-python-env-";

struct Unpacked {
  std::string folder;
  std::pair<int64_t, int64_t> changed;
};

// Their parent goes with the process.
class Archives {
 public:
  backend::Result<std::string> Get(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) {
      return Status::Internal("expected an archive of a Python environment at '", path, "', found nothing");
    }
    const std::pair<int64_t, int64_t> changed(status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    const std::lock_guard lock(mutex_);
    Unpacked& known = unpacked_[path];
    if (!known.folder.empty() && known.changed == changed) return known.folder;
    NESO_ASSIGN_OR_RETURN(known.folder, Unpack(path));
    known.changed = changed;
    return known.folder;
  }

 private:
  backend::Result<std::string> Unpack(const std::string& path) {
    if (parent_ == nullptr) {
      ScratchFolder::RemoveAbandoned(kPrefix);
      parent_ = ScratchFolder::Make(kPrefix);
      if (parent_ == nullptr) return Status::Internal("cannot make a folder for Python environments");
    }
    std::string folder = parent_->path() + "/python_env_neso/" + std::to_string(count_++);
    std::filesystem::create_directories(folder);
    const char* const arguments[] = {"tar", "-xf", path.c_str(), "-C", folder.c_str(), nullptr};
    pid_t pid = 0;
    int status = -1;
    if (posix_spawnp(&pid, "tar", nullptr, nullptr, const_cast<char**>(arguments), environ) != 0 ||
        waitpid(pid, &status, 0) != pid || status != 0) {
      std::error_code ignored;  // what is left goes with the server
      std::filesystem::remove_all(folder, ignored);
      return Status::Internal("cannot unpack the Python environment '", path, "': 'tar -xf' failed");
    }
    return folder;
  }

  std::mutex mutex_;
  std::unique_ptr<ScratchFolder> parent_;
  int count_ = 0;
  std::map<std::string, Unpacked> unpacked_;
};

}  // namespace

bool IsArchive(const std::string& path) {
  return path.ends_with(".tar.gz") || path.ends_with(".tgz") || path.ends_with(".tar");
}

backend::Result<std::string> UnpackedEnvironment(const std::string& path) {
  static Archives archives;
  return archives.Get(path);
}

}  // namespace neso::python
