// Where model repositories lie, and what is read of them: the border between models and the disk or object store that
// has them.
//
//   ASSIGN_OR_RETURN(const Storage* storage, storages.Of("/models"));           // storage/storages.h
//   ASSIGN_OR_RETURN(RepositoryListing listing, storage->ListRepository("/models"));
//   ASSIGN_OR_RETURN(FolderSnapshot folder, storage->ReadModelFolder("/models/digits", ""));
//   ASSIGN_OR_RETURN(LocalFolder local, storage->Localize("/models/digits"));   // what a backend may open
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/complete.h"

namespace neso {

// What lies in a repository, sorted; what is hidden (".git", "..data") is none of ours.
struct RepositoryListing {
  std::vector<std::string> folders;  // each is a model
  std::vector<std::string> files;
};

// A folder inside a model's, with all below it.
struct SubfolderSnapshot {
  // Changes whenever a file is added, removed or written: a hash of names, sizes, inodes and times, or of what else a
  // storage tells versions of a file by.
  uint64_t fingerprint = 1;
  // It came where it is in one step, by a rename or a new link, and nothing in it has changed since. False: maybe not.
  bool arrived_whole = false;
  uint64_t byte_size = 0;  // of the files
  // The first that was met of the FIFOs and devices, which no load may open: "'1/pipe' is a FIFO". Empty: there is
  // none.
  std::string endless_file;
};

// A model's folder at one moment.
struct FolderSnapshot {
  std::string path;
  std::string config_path;                              // the configuration file that counts, there or not
  std::optional<std::string> config_text;               // what it says; empty if there is none
  std::vector<std::string> files;                       // names, sorted
  std::vector<std::string> subfolder_names;             // sorted
  std::vector<FolderEntry> first_version;               // what the first version folder holds
  std::map<std::string, SubfolderSnapshot> subfolders;  // by name; not "configs"
  uint64_t files_fingerprint = 0;                       // the files beside config.pbtxt
  uint64_t config_fingerprint = 0;                      // config.pbtxt
  bool arrived_whole = false;                           // as a subfolder's, of all of it

  // Changes whenever anything of the above does.
  uint64_t Fingerprint() const;
};

// A folder on a disk of this machine: the one that was asked for, or a copy.
struct LocalFolder {
  std::string path;
  std::shared_ptr<const void> keeper;  // a copy is there as long as this is; null: nobody of ours removes it
};

// Thread-safe; only reads. May take as long as disks and networks do, so not for network threads.
class Storage {
 public:
  virtual ~Storage() = default;

  // Whether `path` can be a model repository. Errors: kInternal "failed to stat file <path>"; kInvalidArg "repository
  // path is not a valid directory".
  virtual Status CheckRepository(const std::string& path) const = 0;
  virtual Expected<RepositoryListing> ListRepository(const std::string& path) const = 0;
  // Whether `path` is a folder that can be looked into.
  virtual bool IsFolder(const std::string& path) const = 0;
  // `config_name` chooses configs/<config_name>.pbtxt over config.pbtxt, if it is there.
  // Errors: kInternal when the folder or a configuration that is there cannot be read; kInvalidArg for more than a
  // million files.
  virtual Expected<FolderSnapshot> ReadModelFolder(const std::string& path, const std::string& config_name) const = 0;
  // A model's folder with all its versions as a backend can open it.
  virtual Expected<LocalFolder> Localize(const std::string& path) const = 0;
};

}  // namespace neso
