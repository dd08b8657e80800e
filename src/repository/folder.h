// What lies on the disk: repositories, model folders, and whether something in them has changed.
//
//   ASSIGN_OR_RETURN(std::vector<std::string> names, ListModelFolders("/models"));
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

// A model's folder at one moment.
struct FolderSnapshot {
  std::string path;
  std::string config_path;                 // the configuration file that counts, there or not
  std::optional<std::string> config_text;  // what it says; empty if there is none
  std::vector<std::string> subfolders;     // names, sorted
  std::vector<FolderEntry> first_version;  // what the first version folder holds
  // Changes whenever a file below a folder is added, removed or written: a hash of names, sizes, inodes and times.
  std::map<std::string, uint64_t> subfolder_fingerprints;  // by name
  uint64_t files_fingerprint = 0;                          // the files beside config.pbtxt
};

// Errors: kInternal "failed to stat file <path>"; kInvalidArg "repository path is not a valid directory"; kInternal for
// the prefixes of object stores.
Status CheckRepositoryPath(const std::string& path);

// The folders of a repository, sorted; hidden ones (".git", "..data") are none of ours.
Expected<std::vector<std::string>> ListModelFolders(const std::string& repository_path);

// Whether `path` is a folder that can be looked into.
bool IsFolder(const std::string& path);

// `config_name` chooses configs/<config_name>.pbtxt over config.pbtxt, if it is there.
// Errors: kInternal when the folder or a configuration that is there cannot be read.
Expected<FolderSnapshot> ReadModelFolder(const std::string& path, const std::string& config_name);

// Errors: kInvalidArg "Model name cannot be empty. ..." and "invalid model name '<n>', ...".
Status CheckModelName(std::string_view name);

}  // namespace neso
