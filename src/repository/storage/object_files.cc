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

Expected<std::unique_ptr<ObjectFiles>> ObjectFiles::Open(const std::string& folder, const std::string& run_folder) {
  for (const std::string& path : {folder + "/blobs", folder + "/parts", run_folder + "/parts"}) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) return Internal("failed to create directory {}: {}", path, error.message());
  }
  std::unique_ptr<ObjectFiles> files(new ObjectFiles(folder, run_folder));
  files->LookAgain();
  return files;
}

void ObjectFiles::LookAgain() {
  std::error_code error;
  MutexLock lock(mutex_);
  for (fs::directory_iterator it(folder_ + "/blobs", error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (const size_t dot = name.find('.'); dot != std::string::npos)
      digests_.try_emplace(name.substr(0, dot), name.substr(dot + 1));
  }
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

Expected<std::unique_ptr<PartialFile>> ObjectFiles::OpenPart(const std::string& id, uint64_t size) const {
  ASSIGN_OR_RETURN(std::unique_ptr<PartialFile> part, PartialFile::Hold(folder_ + "/parts/" + id, size));
  if (part != nullptr) return part;
  return PartialFile::MakeOwn(run_folder_ + "/parts/" + id, size);
}

Status ObjectFiles::Keep(const std::string& id, PartialFile& part, const std::string& target) {
  const std::optional<std::string> digest = DigestOfFile(part.path());
  if (!digest) return Internal("failed to read file {}: {}", part.path(), std::strerror(errno));
  // Before it is kept: who finds it among what is kept may find as well that nobody uses it, and remove it.
  RETURN_IF_ERROR(LinkOrCopy(part.path(), target));
  RETURN_IF_ERROR(part.MoveTo(BlobPath(id, *digest)));
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
