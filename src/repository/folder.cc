#include "repository/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>

#include "config/parse.h"
#include "config/versions.h"

namespace neso {
namespace {

// Symbolic links may go in circles; no model folder is as deep.
constexpr int kMaxDepth = 32;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

struct CloseDir {
  void operator()(DIR* dir) const { closedir(dir); }
};

// Calls `visit(name, stat)` for every entry of the folder, links followed. False if it cannot be read.
template <typename Visit>
bool ForEachEntry(int parent_fd, const char* path, Visit visit) {
  const int fd = openat(parent_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const std::unique_ptr<DIR, CloseDir> dir(fdopendir(fd));
  if (dir == nullptr) {
    close(fd);
    return false;
  }
  while (const dirent* entry = readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat status;
    if (fstatat(fd, entry->d_name, &status, 0) != 0) continue;
    visit(fd, entry->d_name, status);
  }
  return true;
}

uint64_t Mix(uint64_t a, uint64_t b) {
  a ^= b + 0x9e3779b97f4a7c15ULL + (a << 6) + (a >> 2);
  return a * 0xff51afd7ed558ccdULL;
}

uint64_t FileFingerprint(std::string_view name, const struct stat& status) {
  uint64_t hash = std::hash<std::string_view>()(name);
  hash = Mix(hash, static_cast<uint64_t>(status.st_size));
  hash = Mix(hash, status.st_ino);
  hash = Mix(hash, static_cast<uint64_t>(status.st_mtim.tv_sec));
  return Mix(hash, static_cast<uint64_t>(status.st_mtim.tv_nsec));
}

// A sum, so that the order in which the system lists entries does not count.
uint64_t FolderFingerprint(int parent_fd, const char* path, int depth) {
  uint64_t sum = 1;
  if (depth > kMaxDepth) return sum;
  ForEachEntry(parent_fd, path, [&](int fd, const char* name, const struct stat& status) {
    if (S_ISDIR(status.st_mode)) {
      sum += Mix(std::hash<std::string_view>()(name), FolderFingerprint(fd, name, depth + 1));
    } else {
      sum += FileFingerprint(name, status);
    }
  });
  return sum;
}

// Empty optional: there is no such file.
Expected<std::optional<std::string>> ReadConfigFile(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
    return Internal("failed to open text file for read {}: {}", path, std::strerror(errno));
  }
  std::string text;
  std::array<char, 4096> chunk;
  while (true) {
    const ssize_t got = read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Internal("failed to read text file {}: {}", path, std::strerror(errno));
    if (got == 0) return std::optional<std::string>(std::move(text));
    text.append(chunk.data(), static_cast<size_t>(got));
    if (text.size() > kMaxModelConfigBytes) return Internal("failed to read text file {}: too large", path);
  }
}

}  // namespace

Status CheckRepositoryPath(const std::string& path) {
  constexpr std::array<std::array<const char*, 2>, 3> kStores = {
      {{"gs://", "TRITON_ENABLE_GCS"}, {"s3://", "TRITON_ENABLE_S3"}, {"as://", "TRITON_ENABLE_AZURE_STORAGE"}}};
  for (const auto& [prefix, option] : kStores) {
    if (path.starts_with(prefix)) {
      return Internal("{} file-system not supported. To enable, build with -D{}=ON.", prefix, option);
    }
  }
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return Internal("failed to stat file {}", path);
  if (!S_ISDIR(status.st_mode)) return InvalidArg("repository path is not a valid directory");
  return {};
}

bool IsFolder(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

Expected<std::vector<std::string>> ListModelFolders(const std::string& repository_path) {
  std::vector<std::string> names;
  const bool read =
      ForEachEntry(AT_FDCWD, repository_path.c_str(), [&](int, const char* name, const struct stat& status) {
        if (S_ISDIR(status.st_mode) && name[0] != '.') names.emplace_back(name);
      });
  if (!read) return Internal("failed to open directory {}: {}", repository_path, std::strerror(errno));
  std::sort(names.begin(), names.end());
  return names;
}

Expected<FolderSnapshot> ReadModelFolder(const std::string& path, const std::string& config_name) {
  FolderSnapshot folder;
  folder.path = path;
  const bool read = ForEachEntry(AT_FDCWD, path.c_str(), [&](int fd, const char* name, const struct stat& status) {
    const std::string_view entry = name;
    if (!S_ISDIR(status.st_mode)) {
      if (entry != "config.pbtxt") folder.files_fingerprint += FileFingerprint(entry, status);
      return;
    }
    folder.subfolders.emplace_back(entry);
    // The configurations are compared by what they say.
    if (entry != "configs") folder.subfolder_fingerprints[std::string(entry)] = FolderFingerprint(fd, name, 0);
  });
  if (!read) return Internal("failed to open directory {}: {}", path, std::strerror(errno));
  std::sort(folder.subfolders.begin(), folder.subfolders.end());

  if (!config_name.empty()) {
    folder.config_path = path + "/configs/" + config_name + ".pbtxt";
    ASSIGN_OR_RETURN(folder.config_text, ReadConfigFile(folder.config_path));
  }
  if (!folder.config_text) {
    folder.config_path = path + "/config.pbtxt";
    ASSIGN_OR_RETURN(folder.config_text, ReadConfigFile(folder.config_path));
  }

  const std::string first = FirstVersionFolder(folder.subfolders);
  if (!first.empty()) {
    const std::string first_path = path + "/" + first;
    ForEachEntry(AT_FDCWD, first_path.c_str(), [&](int, const char* name, const struct stat& status) {
      folder.first_version.push_back({name, S_ISDIR(status.st_mode)});
    });
  }
  return folder;
}

Status CheckModelName(std::string_view name) {
  if (name.empty()) return InvalidArg("Model name cannot be empty. Please enter a valid name to deploy.");
  const bool traverses = name == "." || name == ".." || name.find_first_of("/\\") != std::string_view::npos ||
                         name.find('\0') != std::string_view::npos;
  if (traverses) {
    return InvalidArg("invalid model name '{}', model name must not contain path traversal characters", name);
  }
  return {};
}

}  // namespace neso
