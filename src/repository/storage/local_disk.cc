#include "repository/storage/local_disk.h"

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
#include <set>
#include <utility>

#include "base/read_file.h"
#include "config/parse.h"
#include "config/versions.h"

namespace neso {
namespace {

// No model folder is as deep; each level holds a descriptor.
constexpr int kMaxDepth = 32;
// Unpacked environments of Python have a hundred thousand files. A link to "/" has more, and minutes of them.
constexpr size_t kMaxEntries = 1'000'000;

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

// What no load may open: a FIFO waits for its writer, and reading a device may have no end. A socket cannot be opened.
bool IsEndless(const struct stat& status) {
  return S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode);
}

std::string Describe(const std::string& path, const struct stat& status) {
  return fmt::format("'{}' is {}", path, FileKindName(status.st_mode));
}

bool IsBefore(const timespec& a, const timespec& b) {
  return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

// Whether a folder, or the link that leads to it, came there in one step, after all that is in it. A rename is a change
// of the folder (its ctime) that is no change of what it holds (its mtime); so is what tools that keep times do to a
// folder when they have filled it. File systems that know no better tell of two equal times, and then nobody knows.
// `status` was read before the contents, whose latest ctime is `newest`.
bool ArrivedWhole(int parent_fd, const char* path, const struct stat& status, const timespec& newest) {
  struct stat entry;
  if (fstatat(parent_fd, path, &entry, AT_SYMLINK_NOFOLLOW) != 0) return false;
  const timespec& before = S_ISLNK(entry.st_mode) ? status.st_ctim : status.st_mtim;
  return IsBefore(before, entry.st_ctim) && IsBefore(newest, entry.st_ctim);
}

// Walks through a folder below a model's. Links are followed, and may lead in circles or to the same place a thousand
// times: each folder is visited once, and counts under every name.
class FolderWalk {
 public:
  // `entries` counts those of all walks through one model's folder.
  explicit FolderWalk(size_t& entries) : entries_(entries) {}

  // Fingerprint and findings of the folder. `shown` is its path in texts.
  SubfolderSnapshot Walk(int parent_fd, const char* name, const struct stat& status, const std::string& shown) {
    Visit(parent_fd, name, status, shown, 0);
    found_.arrived_whole = ArrivedWhole(parent_fd, name, status, newest_);
    return std::move(found_);
  }
  // The latest ctime of what is in it.
  const timespec& newest() const { return newest_; }
  // What the folder itself holds, as ListFolder has it.
  std::vector<FolderEntry> TakeListing() { return std::move(listing_); }

 private:
  void Visit(int parent_fd, const char* path, const struct stat& folder, const std::string& shown, int depth) {
    if (depth > kMaxDepth || !visited_.insert({folder.st_dev, folder.st_ino}).second) return;
    ForEachEntry(parent_fd, path, [&](int fd, const char* name, const struct stat& status) {
      if (++entries_ > kMaxEntries) return;
      newest_ = std::max(newest_, status.st_ctim, IsBefore);
      if (depth == 0 && !IsEndless(status)) listing_.push_back({name, S_ISDIR(status.st_mode)});
      // Sums, so that the order in which the system lists entries does not count.
      const uint64_t place = Mix(folder.st_dev, folder.st_ino);  // a file that moves to another folder is a change
      if (S_ISDIR(status.st_mode)) {
        const uint64_t subfolder = Mix(std::hash<std::string_view>()(name), Mix(status.st_dev, status.st_ino));
        found_.fingerprint += Mix(subfolder, place);
        Visit(fd, name, status, shown + "/" + name, depth + 1);
        return;
      }
      found_.fingerprint += Mix(FileFingerprint(name, status), place);
      if (S_ISREG(status.st_mode)) found_.byte_size += static_cast<uint64_t>(status.st_size);
      if (IsEndless(status) && found_.endless_file.empty()) {
        found_.endless_file = Describe(shown + "/" + name, status);
      }
    });
  }

  size_t& entries_;
  SubfolderSnapshot found_;
  timespec newest_{};
  std::vector<FolderEntry> listing_;
  std::set<std::pair<dev_t, ino_t>> visited_;
};

}  // namespace

Status LocalDisk::CheckRepository(const std::string& path) const {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return Internal("failed to stat file {}", path);
  if (!S_ISDIR(status.st_mode)) return InvalidArg("repository path is not a valid directory");
  return {};
}

bool LocalDisk::IsFolder(const std::string& path) const {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

Expected<RepositoryListing> LocalDisk::ListRepository(const std::string& path) const {
  RepositoryListing listing;
  const bool read = ForEachEntry(AT_FDCWD, path.c_str(), [&](int, const char* name, const struct stat& status) {
    if (name[0] != '.') (S_ISDIR(status.st_mode) ? listing.folders : listing.files).emplace_back(name);
  });
  if (!read) return Internal("failed to open directory {}: {}", path, std::strerror(errno));
  std::sort(listing.folders.begin(), listing.folders.end());
  std::sort(listing.files.begin(), listing.files.end());
  return listing;
}

std::vector<FolderEntry> ListFolder(const std::string& path) {
  std::vector<FolderEntry> entries;
  ForEachEntry(AT_FDCWD, path.c_str(), [&](int, const char* name, const struct stat& status) {
    if (!IsEndless(status)) entries.push_back({name, S_ISDIR(status.st_mode)});
  });
  return entries;
}

uint64_t FolderSnapshot::Fingerprint() const {
  uint64_t hash = Mix(files_fingerprint, config_fingerprint);
  hash = Mix(hash, std::hash<std::string>()(config_text.value_or("")));
  for (const auto& [name, content] : subfolders) hash = Mix(hash, content.fingerprint);
  return hash;
}

Expected<FolderSnapshot> LocalDisk::ReadModelFolder(const std::string& path, const std::string& config_name) const {
  FolderSnapshot folder;
  folder.path = path;
  size_t entries = 0;
  std::string listed;  // the folder that folder.first_version is about
  struct stat before {};
  timespec newest{};
  if (stat(path.c_str(), &before) != 0) return Internal("failed to open directory {}: {}", path, std::strerror(errno));
  const bool read = ForEachEntry(AT_FDCWD, path.c_str(), [&](int fd, const char* name, const struct stat& status) {
    const std::string entry = name;
    if (++entries > kMaxEntries) return;
    newest = std::max(newest, status.st_ctim, IsBefore);
    if (!S_ISDIR(status.st_mode)) {
      folder.files.push_back(entry);
      (entry == "config.pbtxt" ? folder.config_fingerprint : folder.files_fingerprint) +=
          FileFingerprint(entry, status);
      return;
    }
    folder.subfolder_names.push_back(entry);
    // The configurations are compared by what they say.
    if (entry == "configs") return;
    FolderWalk walk(entries);
    folder.subfolders[entry] = walk.Walk(fd, name, status, entry);
    newest = std::max(newest, walk.newest(), IsBefore);
    if (FirstVersionFolder(std::array{listed.empty() ? entry : listed, entry}) != entry) return;
    listed = entry;
    folder.first_version = walk.TakeListing();
  });
  if (!read) return Internal("failed to open directory {}: {}", path, std::strerror(errno));
  if (entries > kMaxEntries) {
    return InvalidArg("folder {} holds more than {} files, those behind links included", path, kMaxEntries);
  }
  folder.arrived_whole = ArrivedWhole(AT_FDCWD, path.c_str(), before, newest);
  std::sort(folder.files.begin(), folder.files.end());
  std::sort(folder.subfolder_names.begin(), folder.subfolder_names.end());

  if (!config_name.empty()) {
    folder.config_path = path + "/configs/" + config_name + ".pbtxt";
    ASSIGN_OR_RETURN(folder.config_text, ReadFileIfThere(folder.config_path, kMaxModelConfigBytes));
  }
  if (!folder.config_text) {
    folder.config_path = path + "/config.pbtxt";
    ASSIGN_OR_RETURN(folder.config_text, ReadFileIfThere(folder.config_path, kMaxModelConfigBytes));
  }

  const std::string first = FirstVersionFolder(folder.subfolder_names);
  if (first != listed) folder.first_version = ListFolder(path + "/" + first);
  return folder;
}

Expected<LocalFolder> LocalDisk::Localize(const std::string& path) const { return LocalFolder{path, nullptr}; }

}  // namespace neso
