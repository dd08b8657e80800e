#include "repository/storage/object_listing.h"

#include <algorithm>
#include <functional>
#include <set>

#include "base/text.h"
#include "config/versions.h"

namespace neso {
namespace {

constexpr size_t kMaxNamePart = 255;  // NAME_MAX
constexpr size_t kMaxName = 2048;     // twice as much as any store has, and half of what a disk takes

uint64_t Mix(uint64_t a, uint64_t b) {
  a ^= b + 0x9e3779b97f4a7c15ULL + (a << 6) + (a >> 2);
  return a * 0xff51afd7ed558ccdULL;
}

uint64_t FingerprintOf(const ObjectInfo& object) {
  const uint64_t name = std::hash<std::string>()(object.name);
  return Mix(Mix(name, object.size), std::hash<std::string>()(object.version));
}

// Adds what lies straight in a folder: "1/model.onnx" of "1/" is a file, "1/a/b" a folder.
void AddEntry(std::string_view rest, std::vector<FolderEntry>& entries) {
  if (rest.empty()) return;
  const size_t slash = rest.find('/');
  FolderEntry entry{std::string(rest.substr(0, slash)), slash != std::string_view::npos};
  if (entries.empty() || entries.back().name != entry.name) entries.push_back(std::move(entry));
}

}  // namespace

Status CheckObjectName(std::string_view name) {
  const auto refuse = [&](const char* expected) {
    return InvalidArg("expected {}, got an object of the name '{}'", expected, name.substr(0, kMaxName));
  };
  if (name.size() > kMaxName) return refuse("names of 2048 bytes at most");
  if (name.find('\0') != std::string_view::npos) return refuse("names without a NUL");
  if (name.ends_with('/')) name.remove_suffix(1);  // stands for a folder
  for (const std::string_view part : Split(name, '/')) {
    if (part.empty() || part == "." || part == "..") return refuse("names that stay in the model's folder");
    if (part.size() > kMaxNamePart) return refuse("at most 255 bytes between two slashes");
  }
  return {};
}

Expected<FolderSnapshot> SnapshotOfObjects(const std::string& folder, std::span<const ObjectInfo> objects,
                                           const std::string& config_name) {
  FolderSnapshot snapshot;
  snapshot.path = folder;
  std::set<std::string, std::less<>> files;
  for (const ObjectInfo& object : objects) {
    RETURN_IF_ERROR(CheckObjectName(object.name));
    // A store may have "a" and "a/b"; a disk does not.
    for (size_t slash = object.name.find('/'); slash != std::string::npos; slash = object.name.find('/', slash + 1)) {
      if (files.contains(std::string_view(object.name).substr(0, slash))) {
        return InvalidArg("expected either a file or a folder, got an object of the name '{}' and one within it, '{}'",
                          object.name.substr(0, slash), object.name);
      }
    }
    if (!object.name.ends_with('/')) files.insert(object.name);
    const size_t slash = object.name.find('/');
    if (slash == std::string::npos) {
      snapshot.files.push_back(object.name);
      (object.name == "config.pbtxt" ? snapshot.config_fingerprint : snapshot.files_fingerprint) +=
          FingerprintOf(object);
      continue;
    }
    const std::string subfolder = object.name.substr(0, slash);
    if (snapshot.subfolder_names.empty() || snapshot.subfolder_names.back() != subfolder) {
      snapshot.subfolder_names.push_back(subfolder);
    }
    // The configurations are compared by what they say.
    if (subfolder == "configs") continue;
    SubfolderSnapshot& content = snapshot.subfolders[subfolder];
    content.fingerprint += FingerprintOf(object);
    content.byte_size += object.size;
  }
  // Sorted by their objects, "1-a/x" comes before "1/x".
  std::sort(snapshot.subfolder_names.begin(), snapshot.subfolder_names.end());
  const auto same = std::unique(snapshot.subfolder_names.begin(), snapshot.subfolder_names.end());
  snapshot.subfolder_names.erase(same, snapshot.subfolder_names.end());

  const std::string first = FirstVersionFolder(snapshot.subfolder_names) + "/";
  for (const ObjectInfo& object : objects) {
    if (object.name.starts_with(first))
      AddEntry(std::string_view(object.name).substr(first.size()), snapshot.first_version);
  }
  const std::string chosen = "configs/" + config_name + ".pbtxt";
  const bool has_chosen = !config_name.empty() && files.contains(chosen);
  snapshot.config_path = folder + "/" + (has_chosen ? chosen : "config.pbtxt");
  return snapshot;
}

const ObjectInfo* FindObject(std::span<const ObjectInfo> objects, std::string_view name) {
  const auto it =
      std::lower_bound(objects.begin(), objects.end(), name,
                       [](const ObjectInfo& object, std::string_view wanted) { return object.name < wanted; });
  return it == objects.end() || it->name != name ? nullptr : &*it;
}

}  // namespace neso
