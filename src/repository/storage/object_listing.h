// What the objects below a folder mean for a model repository: folders, files, fingerprints. Pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "repository/storage/object_stores.h"
#include "repository/storage/storage.h"

namespace neso {

// Whether an object of this name, relative to a model's folder, can be a file in it. Error: kInvalidArg for names that
// would leave it ("..", an empty folder's name) or that no disk has (a NUL, more than 255 bytes between two slashes).
Status CheckObjectName(std::string_view name);

// A model's folder as its objects, sorted by name, show it; `folder` without the configuration's text. Errors:
// kInvalidArg for a name that cannot be, or an object that another one has as its folder.
Expected<FolderSnapshot> SnapshotOfObjects(const std::string& folder, std::span<const ObjectInfo> objects,
                                           const std::string& config_name);

// The object of that name; null if there is none.
const ObjectInfo* FindObject(std::span<const ObjectInfo> objects, std::string_view name);

}  // namespace neso
