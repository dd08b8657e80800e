#include "repository/storage/object_storage.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/log.h"
#include "base/text.h"
#include "config/parse.h"
#include "repository/storage/object_download.h"
#include "repository/storage/object_listing.h"

namespace neso {
namespace {

namespace fs = std::filesystem;

// As many as a local folder may have.
constexpr size_t kMaxObjects = 1'000'000;
// How often a folder is read that changes all the time.
constexpr int kMaxReads = 5;
// Configurations that are remembered, so that a look whether something has changed fetches nothing that has not.
constexpr size_t kMaxKnownTexts = 10'000;

Expected<std::string> ProviderOf(const std::string& path) {
  if (IsObjectStorePath(path)) return path.substr(0, 2);
  return InvalidArg("'{}': expected s3://, gs:// or as://", path);
}

// Empty: there is none.
std::string MountDirectory(const std::string& provider) {
  const char* const variable = provider == "s3"   ? "TRITON_AWS_MOUNT_DIRECTORY"
                               : provider == "gs" ? "TRITON_GCS_MOUNT_DIRECTORY"
                                                  : "TRITON_AZURE_MOUNT_DIRECTORY";
  const char* const value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

std::string TemporaryDirectory() {
  std::error_code error;
  const fs::path folder = fs::temp_directory_path(error);
  return error ? "/tmp" : folder.string();
}

bool Same(const std::vector<ObjectInfo>& a, const std::vector<ObjectInfo>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const ObjectInfo& x, const ObjectInfo& y) {
    return x.name == y.name && x.size == y.size && x.version == y.version;
  });
}

}  // namespace

Expected<std::unique_ptr<ObjectStorage>> ObjectStorage::Open(const ObjectStorageOptions& options) {
  auto host = std::make_unique<ObjectStoreHost>();
  host->log = [](LogLevel level, std::string_view message) {
    if (log::IsEnabled(level)) log::Write(level, __FILE__, __LINE__, message);
  };
  host->stall_timeout = std::chrono::seconds(std::max(1U, options.stall_timeout_seconds));
  ASSIGN_OR_RETURN(std::unique_ptr<ObjectStores> stores, OpenObjectStores(*host));
  return std::make_unique<ObjectStorage>(options, std::move(host), std::move(stores));
}

ObjectStorage::ObjectStorage(ObjectStorageOptions options, std::unique_ptr<ObjectStoreHost> host,
                             std::unique_ptr<ObjectStores> stores)
    : options_(std::move(options)),
      host_(std::move(host)),
      stores_(std::move(stores)),
      executor_(std::make_unique<Executor>("neso-download", std::max(1U, options_.connections))) {}

// --- what is in a repository -----------------------------------------------------------------------------------------

Status ObjectStorage::CheckRepository(const std::string& path) const {
  const Expected<ObjectPage> page = stores_->List({.folder = path, .limit = 1});
  if (!page)
    return Status(page.error().code(), fmt::format("failed to stat file {}: {}", path, page.error().message()));
  // A bucket may be empty; a folder is there only if something is in it.
  if (!page->objects.empty() || !page->folders.empty() || page->is_bucket) return {};
  return Internal("failed to stat file {}: no object's name begins with it", path);
}

Expected<RepositoryListing> ObjectStorage::ListRepository(const std::string& path) const {
  RepositoryListing listing;
  std::string from;
  do {
    ASSIGN_OR_RETURN(ObjectPage page, stores_->List({.folder = path, .from = from}));
    for (std::string& folder : page.folders) {
      if (folder[0] != '.') listing.folders.push_back(std::move(folder));
    }
    for (ObjectInfo& object : page.objects) {
      if (object.name[0] != '.') listing.files.push_back(std::move(object.name));
    }
    from = std::move(page.next);
    if (listing.folders.size() + listing.files.size() > kMaxObjects) {
      return InvalidArg("{} holds more than {} objects and folders", path, kMaxObjects);
    }
  } while (!from.empty());
  std::sort(listing.folders.begin(), listing.folders.end());
  std::sort(listing.files.begin(), listing.files.end());
  return listing;
}

bool ObjectStorage::IsFolder(const std::string& path) const {
  const Expected<ObjectPage> page = stores_->List({.folder = path, .limit = 1});
  if (!page) LOG_ERROR("{}", page.error().message());
  return page && (!page->objects.empty() || !page->folders.empty());
}

Expected<std::vector<ObjectInfo>> ObjectStorage::ListModel(const std::string& path) const {
  std::vector<ObjectInfo> objects;
  std::string from;
  do {
    ASSIGN_OR_RETURN(ObjectPage page, stores_->List({.folder = path, .recursive = true, .from = from}));
    std::move(page.objects.begin(), page.objects.end(), std::back_inserter(objects));
    from = std::move(page.next);
    if (objects.size() > kMaxObjects) return InvalidArg("folder {} holds more than {} files", path, kMaxObjects);
  } while (!from.empty());
  std::sort(objects.begin(), objects.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return objects;
}

Expected<FolderSnapshot> ObjectStorage::ReadModelFolder(const std::string& path, const std::string& config_name) const {
  for (int read = 0; read < kMaxReads; ++read) {
    ASSIGN_OR_RETURN(const std::vector<ObjectInfo> objects, ListModel(path));
    if (objects.empty()) return Internal("failed to open directory {}: no object's name begins with it", path);
    Expected<FolderSnapshot> snapshot = SnapshotOfObjects(path, objects, config_name);
    if (!snapshot) return snapshot.error().WithContext("{}", path);
    const std::string name = snapshot->config_path.substr(path.size() + 1);
    const ObjectInfo* const config = FindObject(objects, name);
    if (config == nullptr) return snapshot;
    bool has_changed = false;
    ASSIGN_OR_RETURN(snapshot->config_text, ReadText(path, *config, has_changed));
    if (!has_changed) return snapshot;
  }
  return Unavailable("{}: the configuration changes whenever it is read", path);
}

Expected<std::string> ObjectStorage::ReadText(const std::string& folder, const ObjectInfo& object,
                                              bool& has_changed) const {
  const std::string path = folder + "/" + object.name;
  {
    MutexLock lock(mutex_);
    const auto known = texts_.find(path);
    if (known != texts_.end() && known->second.version == object.version) return known->second.text;
  }
  if (object.size > kMaxModelConfigBytes) {
    return Internal("failed to open text file for read {}: it has {} bytes, expected {} at most", path, object.size,
                    kMaxModelConfigBytes);
  }
  std::string text;
  const auto append = [&](std::string_view bytes) {
    text += bytes;
    return Status();
  };
  ASSIGN_OR_RETURN(const ReadResult read, stores_->Read(folder, object, 0, object.size, append));
  has_changed = read.has_changed;
  if (has_changed) return text;
  MutexLock lock(mutex_);
  if (texts_.size() >= kMaxKnownTexts) texts_.clear();
  texts_[path] = {object.version, text};
  return text;
}

// --- copies ----------------------------------------------------------------------------------------------------------

Expected<std::shared_ptr<ObjectStorage::Place>> ObjectStorage::PlaceFor(const std::string& path) const {
  ASSIGN_OR_RETURN(const std::string provider, ProviderOf(path));
  {
    MutexLock lock(mutex_);
    if (const auto it = places_.find(provider); it != places_.end()) return it->second;
  }
  std::string cache = options_.cache_directory.empty() ? MountDirectory(provider) : options_.cache_directory;
  while (cache.size() > 1 && cache.ends_with('/')) cache.pop_back();
  auto place = std::make_shared<Place>();
  place->keeps_files = !cache.empty();
  ASSIGN_OR_RETURN(place->run, RunFolder::Create(place->keeps_files ? cache : TemporaryDirectory()));
  ASSIGN_OR_RETURN(place->files,
                   ObjectFiles::Open(place->keeps_files ? cache : place->run->path(), place->run->path()));
  MutexLock lock(mutex_);
  // Somebody else may have made one meanwhile; then this one goes.
  return places_.emplace(provider, std::move(place)).first->second;
}

Expected<LocalFolder> ObjectStorage::MakeCopyFolder(const std::string& path,
                                                    const std::shared_ptr<Place>& place) const {
  uint64_t number = 0;
  {
    MutexLock lock(mutex_);
    number = ++place->copies;
  }
  const std::string root = fmt::format("{}/{}", place->run->path(), number);
  const std::string folder = fmt::format("{}/{}", root, BaseName(path));
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Internal("failed to create directory {}: {}", folder, error.message());
  const auto remove = [place, root](const void*) {
    std::error_code failed;
    fs::remove_all(root, failed);
    if (failed) LOG_WARNING("failed to remove temporary folder {}: {}", root, failed.message());
    if (!place->keeps_files) place->files->RemoveUnused();
  };
  return LocalFolder{folder, std::shared_ptr<const void>(place.get(), remove)};
}

Expected<LocalFolder> ObjectStorage::Localize(const std::string& path) const {
  ASSIGN_OR_RETURN(const std::shared_ptr<Place> place, PlaceFor(path));
  ASSIGN_OR_RETURN(std::vector<ObjectInfo> objects, ListModel(path));
  for (int read = 0; read < kMaxReads; ++read) {
    for (const ObjectInfo& object : objects) {
      if (Status named = CheckObjectName(object.name); !named.ok()) return named.WithContext("{}", path);
    }
    ASSIGN_OR_RETURN(LocalFolder copy, MakeCopyFolder(path, place));
    ObjectDownload download(*stores_, *host_, *place->files, *executor_, std::max(1U, options_.connections), path,
                            copy.path);
    ASSIGN_OR_RETURN(const bool is_whole, download.Run(objects));
    // What came or went meanwhile belongs to the model as well: files here already come by no network again.
    ASSIGN_OR_RETURN(std::vector<ObjectInfo> now, ListModel(path));
    if (is_whole && Same(objects, now)) return copy;
    LOG_INFO("{} changed while it was downloaded; it is read again", path);
    objects = std::move(now);
  }
  return Unavailable("{}: its objects change whenever they are downloaded, or are not what the store says they are",
                     path);
}

}  // namespace neso
