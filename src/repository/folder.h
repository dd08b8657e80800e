// What lies on the disk: repositories, model folders, and whether something in them has changed.
//
//   ASSIGN_OR_RETURN(RepositoryListing listing, ListRepository("/models"));
//   ASSIGN_OR_RETURN(FolderSnapshot folder, ReadModelFolder("/models/digits", ""));
//
// All functions are thread-safe; they only read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/complete.h"

namespace neso {

// A folder inside a model's, with all below it.
struct SubfolderSnapshot {
  // Changes whenever a file is added, removed or written: a hash of names, sizes, inodes and times.
  uint64_t fingerprint = 1;
  // The first that was met of the FIFOs and devices, which no load may open: "'1/pipe' is a FIFO". Empty: there is none.
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

  // Changes whenever anything of the above does.
  uint64_t Fingerprint() const;
};

// Errors: kInternal "failed to stat file <path>"; kInvalidArg "repository path is not a valid directory"; kInternal for
// the prefixes of object stores.
Status CheckRepositoryPath(const std::string& path);

// What lies in a repository, sorted; what is hidden (".git", "..data") is none of ours.
struct RepositoryListing {
  std::vector<std::string> folders;  // each is a model
  std::vector<std::string> files;
};
Expected<RepositoryListing> ListRepository(const std::string& path);

// What a folder holds, unsorted, but for FIFOs and devices; nothing if it cannot be read.
std::vector<FolderEntry> ListFolder(const std::string& path);

// Whether `path` is a folder that can be looked into.
bool IsFolder(const std::string& path);

// `config_name` chooses configs/<config_name>.pbtxt over config.pbtxt, if it is there.
// Errors: kInternal when the folder or a configuration that is there cannot be read; kInvalidArg for more than a million
// files.
Expected<FolderSnapshot> ReadModelFolder(const std::string& path, const std::string& config_name);

// Errors: kInvalidArg "Model name cannot be empty. ..." and "invalid model name '<n>', ...".
Status CheckModelName(std::string_view name);

}  // namespace neso
