// Which models' folders have changed since they were loaded, and which of those may be loaded now. A policy: no clock, no
// lock, no disk.
//
//   const FolderTracker::Changes changes = tracker.Look({{"digits", LookOf(snapshot)}}, PollCare::kUntilStill);
//   for (const std::string& id : changes.to_load) ... tracker.Note(id, look, status.ok());
//
// Nobody tells when a copy into a repository is complete. A folder counts as complete when two looks in succession have
// seen the same, or at once when it came where it is by one step, a rename or a new link. It is gone when two looks have
// not found it. A folder whose load has failed is tried again, since what it lacked may lie elsewhere: at the next look,
// and then at longer and longer pauses, or when anything else in the repository has changed. If its files become those
// again that were loaded before, they are loaded once more, which forgets the failure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "repository/poll_care.h"
#include "repository/storage/storage.h"

namespace neso {

// A model's folder as one look has seen it, without what the files say.
struct FolderLook {
  std::string location;
  uint64_t shared_files = 0;                   // the configuration, and the files beside it
  std::map<std::string, uint64_t> subfolders;  // fingerprints by name: versions, and what they share
  bool arrived_whole = false;
  std::set<std::string> arrived_subfolders;  // those that arrived whole

  // Whether both have seen the same files.
  bool SameFiles(const FolderLook& other) const {
    return location == other.location && shared_files == other.shared_files && subfolders == other.subfolders;
  }
};
FolderLook LookOf(const FolderSnapshot& folder);

// Thread-compatible.
class FolderTracker {
 public:
  // By id; nothing for a folder that is there and cannot be read.
  using Looks = std::map<std::string, std::optional<FolderLook>>;
  struct Changes {
    std::set<std::string> to_load;
    std::set<std::string> retries;    // those of them whose files, as they are, could not be loaded before
    std::set<std::string> unsettled;  // those that have begun to change, and may not be complete yet
    std::set<std::string> gone;       // no longer known from now on
  };
  // `now`: all models that there are.
  Changes Look(const Looks& now, PollCare care);
  // What has been loaded, or could not be.
  void Note(const std::string& id, FolderLook look, bool is_loaded);

 private:
  struct Entry {
    std::optional<FolderLook> loaded;
    std::optional<FolderLook> last;
    std::optional<FolderLook> failed;  // what could not be loaded
    int failures = 0;                  // of that, in succession
    int pause = 0;                     // looks until it is tried again
    bool is_unsettled = false;
    bool was_missing = false;
  };
  static void NoteFailure(Entry& entry, const FolderLook& look);
  void Retry(const Looks& now, PollCare care, Changes& changes);

  std::map<std::string, Entry> entries_;  // by id
};

}  // namespace neso
