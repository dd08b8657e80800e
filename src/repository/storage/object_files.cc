#include "repository/storage/object_files.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/log.h"

namespace neso {
namespace {

namespace fs = std::filesystem;

std::string Text(XXH128_hash_t hash) { return fmt::format("{:016x}{:016x}", hash.high64, hash.low64); }

struct FreeState {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

// Empty if the file cannot be read, or is no regular one.
std::optional<std::string> DigestOfFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return std::nullopt;
  const std::unique_ptr<XXH3_state_t, FreeState> state(XXH3_createState());
  XXH3_128bits_reset(state.get());
  std::vector<char> piece(1U << 20);
  ssize_t count = 0;
  while ((count = read(fd, piece.data(), piece.size())) > 0) {
    XXH3_128bits_update(state.get(), piece.data(), static_cast<size_t>(count));
  }
  close(fd);
  if (count < 0) return std::nullopt;
  return Text(XXH3_128bits_digest(state.get()));
}

// Another name for the file where the disk can, else a copy.
Status LinkOrCopy(const std::string& from, const std::string& to) {
  if (link(from.c_str(), to.c_str()) == 0) return {};
  std::error_code error;
  fs::copy_file(from, to, error);
  if (error) return Internal("failed to write file {}: {}", to, error.message());
  return {};
}

}  // namespace

Expected<std::unique_ptr<ObjectFiles>> ObjectFiles::Open(const std::string& folder) {
  std::error_code error;
  for (const char* name : {"/blobs", "/parts"}) {
    fs::create_directories(folder + name, error);
    if (error) return Internal("failed to create directory {}{}: {}", folder, name, error.message());
  }
  std::unique_ptr<ObjectFiles> files(new ObjectFiles(folder));
  MutexLock lock(files->mutex_);
  for (fs::directory_iterator it(folder + "/blobs", error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (const size_t dot = name.find('.'); dot != std::string::npos)
      files->digests_[name.substr(0, dot)] = name.substr(dot + 1);
  }
  lock.Unlock();
  return files;
}

std::string ObjectFiles::IdOf(const std::string& store_folder, const ObjectInfo& object) {
  const std::string text = fmt::format("{}\n{}\n{}\n{}", store_folder, object.name, object.size, object.version);
  return Text(XXH3_128bits(text.data(), text.size()));
}

bool ObjectFiles::Link(const std::string& id, uint64_t size, const std::string& target) {
  std::string digest;
  {
    MutexLock lock(mutex_);
    const auto it = digests_.find(id);
    if (it == digests_.end()) return false;
    digest = it->second;
  }
  const std::string blob = BlobPath(id, digest);
  struct stat status;
  const bool is_whole = lstat(blob.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
                        static_cast<uint64_t>(status.st_size) == size && DigestOfFile(blob) == digest;
  if (is_whole && LinkOrCopy(blob, target).ok()) return true;
  if (!is_whole) LOG_WARNING("{} is not what was written there any more; it is downloaded again", blob);
  unlink(blob.c_str());
  MutexLock lock(mutex_);
  digests_.erase(id);
  return false;
}

Status ObjectFiles::Keep(const std::string& id, const std::string& target) {
  const std::string part = PartPath(id);
  const std::optional<std::string> digest = DigestOfFile(part);
  if (!digest) return Internal("failed to read file {}: {}", part, std::strerror(errno));
  const std::string blob = BlobPath(id, *digest);
  if (rename(part.c_str(), blob.c_str()) != 0)
    return Internal("failed to write file {}: {}", blob, std::strerror(errno));
  unlink((part + ".done").c_str());
  RETURN_IF_ERROR(LinkOrCopy(blob, target));
  MutexLock lock(mutex_);
  digests_[id] = *digest;
  return {};
}

void ObjectFiles::RemoveUnused() {
  std::map<std::string, std::string> known;
  {
    MutexLock lock(mutex_);
    known = digests_;
  }
  for (const auto& [id, digest] : known) {
    const std::string blob = BlobPath(id, digest);
    struct stat status;
    if (stat(blob.c_str(), &status) != 0 || status.st_nlink > 1) continue;
    {
      MutexLock lock(mutex_);
      digests_.erase(id);
    }
    unlink(blob.c_str());
  }
}

}  // namespace neso
