#include "repository/folder_tracker.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace neso {
namespace {

// At the fifth failure and later: 16 looks from one try to the next.
constexpr int kMostDoublings = 4;

// Whether the change from what was loaded, if anything was, is one that nobody can have been seen in the middle of.
bool CameInOneStep(const std::optional<FolderLook>& loaded, const FolderLook& now) {
  if (now.arrived_whole) return true;
  if (!loaded || loaded->location != now.location || loaded->shared_files != now.shared_files) return false;
  // A version that has gone may be the beginning of the whole folder's end.
  const bool none_gone = std::all_of(loaded->subfolders.begin(), loaded->subfolders.end(),
                                     [&](const auto& entry) { return now.subfolders.contains(entry.first); });
  return none_gone && std::all_of(now.subfolders.begin(), now.subfolders.end(), [&](const auto& entry) {
           const auto before = loaded->subfolders.find(entry.first);
           const bool is_same = before != loaded->subfolders.end() && before->second == entry.second;
           return is_same || now.arrived_subfolders.contains(entry.first);
         });
}

}  // namespace

FolderLook LookOf(const FolderSnapshot& folder) {
  FolderLook look;
  look.location = folder.path;
  look.shared_files = std::hash<std::string>()(folder.config_text.value_or("")) * 31 +
                      (folder.files_fingerprint * 31 + folder.config_fingerprint);
  look.arrived_whole = folder.arrived_whole;
  for (const auto& [name, content] : folder.subfolders) {
    look.subfolders[name] = content.fingerprint;
    if (content.arrived_whole) look.arrived_subfolders.insert(name);
  }
  return look;
}

FolderTracker::Changes FolderTracker::Look(const Looks& now, PollCare care) {
  Changes changes;
  for (auto& [id, entry] : entries_) {
    if (now.contains(id)) continue;
    // Who exchanges a folder for another one leaves none for a moment.
    if (std::exchange(entry.was_missing, true) || care == PollCare::kAtOnce) changes.gone.insert(id);
  }
  for (const std::string& id : changes.gone) entries_.erase(id);
  for (const auto& [id, look] : now) {
    Entry& entry = entries_[id];
    entry.was_missing = false;
    if (!look) continue;
    const bool stands_still = entry.last && entry.last->SameFiles(*look);
    entry.last = look;
    const bool is_loaded = entry.loaded && entry.loaded->SameFiles(*look);
    if (!is_loaded && entry.failed && entry.failed->SameFiles(*look)) continue;
    // What failed is gone. Whoever keeps its states is to learn that.
    const bool is_put_back = is_loaded && entry.failed.has_value();
    entry.failed.reset();
    const bool is_complete = care == PollCare::kAtOnce || stands_still || CameInOneStep(entry.loaded, *look);
    if ((!is_loaded || is_put_back) && is_complete) changes.to_load.insert(id);
    const bool was_unsettled = std::exchange(entry.is_unsettled, !is_loaded && !is_complete);
    if (entry.is_unsettled && !was_unsettled) changes.unsettled.insert(id);
  }
  Retry(now, care, changes);
  return changes;
}

void FolderTracker::Note(const std::string& id, FolderLook look, bool is_loaded) {
  Entry& entry = entries_[id];
  if (is_loaded) {
    entry.loaded = look;
    entry.failed.reset();
  } else {
    NoteFailure(entry, look);
  }
  entry.last = std::move(look);
}

void FolderTracker::NoteFailure(Entry& entry, const FolderLook& look) {
  const bool is_first = !entry.failed || !entry.failed->SameFiles(look);
  entry.failures = is_first ? 1 : entry.failures + 1;
  entry.pause = 1 << std::min(entry.failures - 1, kMostDoublings);
  entry.failed = look;
}

void FolderTracker::Retry(const Looks& now, PollCare care, Changes& changes) {
  const bool others_change = !changes.to_load.empty() || !changes.gone.empty();
  for (const auto& [id, look] : now) {
    Entry& entry = entries_[id];
    if (!look || !entry.failed || !entry.failed->SameFiles(*look)) continue;
    entry.pause = std::max(entry.pause - 1, 0);
    if (entry.pause > 0 && !others_change && care == PollCare::kUntilStill) continue;
    changes.to_load.insert(id);
    changes.retries.insert(id);
  }
}

}  // namespace neso
