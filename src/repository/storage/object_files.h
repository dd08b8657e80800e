// Files of objects that are here already: those that a cache folder keeps from run to run, each under what tells its
// content from any other, and with a digest of what was written; and parts of files that came before a fault.
//
//   <folder>/blobs/<id>.<digest>    a whole object
//   <folder>/parts/<id>             one that is being downloaded
//   <folder>/parts/<id>.done        which chunks of it are here, a byte each
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/mutex.h"
#include "base/status.h"
#include "repository/storage/object_stores.h"

namespace neso {

// Thread-safe.
class ObjectFiles {
 public:
  // Error: kInternal when the disk says no.
  static Expected<std::unique_ptr<ObjectFiles>> Open(const std::string& folder);

  // What an object's file is called.
  static std::string IdOf(const std::string& store_folder, const ObjectInfo& object);

  // Whether the object is here, as it was written; then `target` is another name of its file. What has rotted is
  // removed.
  bool Link(const std::string& id, uint64_t size, const std::string& target);
  // Makes a whole file of the part of that id, under `target` as well.
  Status Keep(const std::string& id, const std::string& target);
  // Removes files that no model's folder has.
  void RemoveUnused();

  std::string PartPath(const std::string& id) const { return folder_ + "/parts/" + id; }

 private:
  explicit ObjectFiles(std::string folder) : folder_(std::move(folder)) {}
  std::string BlobPath(const std::string& id, const std::string& digest) const {
    return folder_ + "/blobs/" + id + "." + digest;
  }

  const std::string folder_;
  Mutex mutex_;
  std::map<std::string, std::string> digests_ GUARDED_BY(mutex_);  // of blobs, by id
};

}  // namespace neso
