// Files of objects that are here already: those that a cache folder keeps from run to run, each under what tells its
// content from any other, and with a digest of what was written; and parts of files that came before a fault.
//
//   <folder>/blobs/<id>.<digest>    a whole object
//   <folder>/parts/<id>             one that is being downloaded; whoever writes to it has it locked
//   <folder>/parts/<id>.done        which chunks of it are here, a byte each
//
// Several servers may have the same folder: each step is by a name that is locked, or that nobody else has, or that tells
// the content.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/status.h"
#include "repository/storage/object_stores.h"
#include "repository/storage/partial_file.h"

namespace neso {

// Thread-safe.
class ObjectFiles {
 public:
  // `run_folder`: for what no other process is to see; on the same disk, perhaps the same. Error: kInternal when the
  // disk says no.
  static Expected<std::unique_ptr<ObjectFiles>> Open(const std::string& folder, const std::string& run_folder);

  // What an object's file is called.
  static std::string IdOf(const std::string& store_folder, const ObjectInfo& object);

  // Whether the object is here, as it was written; then `target` is another name of its file. What has rotted is
  // removed.
  bool Link(const std::string& id, uint64_t size, const std::string& target);
  // Where an object is to be written: what is here of it, or an empty file while another server writes to that one.
  // Error: kInternal when the disk says no.
  Expected<std::unique_ptr<PartialFile>> OpenPart(const std::string& id, uint64_t size) const;
  // Makes a whole file of the part of that id, under `target` as well.
  Status Keep(const std::string& id, PartialFile& part, const std::string& target);
  // Finds what other servers have kept.
  void LookAgain();
  // Removes files that no model's folder has.
  void RemoveUnused();

 private:
  ObjectFiles(std::string folder, std::string run_folder)
      : folder_(std::move(folder)), run_folder_(std::move(run_folder)) {}
  std::string BlobPath(const std::string& id, const std::string& digest) const {
    return folder_ + "/blobs/" + id + "." + digest;
  }

  const std::string folder_;
  const std::string run_folder_;
  Mutex mutex_;
  std::map<std::string, std::string> digests_ GUARDED_BY(mutex_);  // of blobs, by id
};

}  // namespace neso
