// The keys in force: those of a file, which may change while the server runs.
//
//   ASSIGN_OR_RETURN(auto keys, AccessKeys::Load("/etc/neso/keys.json"));
//   const AccessTable::Entry* entry = keys->Current().Find(id);
//
// A changed file is read at once and takes the place of the one before; one that cannot be used is told in the log, and
// the one before stays. What a key has used of its limits stays with it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_watch.h"
#include "base/mutex.h"
#include "base/status.h"
#include "frontend/access/access_key.h"

namespace neso {

// Immutable.
class AccessTable : public std::enable_shared_from_this<AccessTable> {
 public:
  struct Entry {
    AccessKey key;
    std::shared_ptr<AccessUse> use;  // not null
  };

  // `before`, which may be null: whose keys go on with what they have used.
  AccessTable(std::vector<AccessKey> keys, uint64_t version, const AccessTable* before);

  // Null: there is no such key.
  const Entry* Find(std::string_view id) const {
    const auto found = entries_.find(id);
    return found == entries_.end() ? nullptr : &found->second;
  }
  uint64_t version() const { return version_; }
  // Of one of its own, which keeps the table.
  std::shared_ptr<const Entry> Hold(const Entry& entry) const { return {shared_from_this(), &entry}; }

 private:
  const uint64_t version_;
  std::map<std::string, Entry, std::less<>> entries_;  // by id
};

// Thread-safe.
class AccessKeys {
 public:
  // Errors: kInvalidArg that names the file and says what is wrong with it.
  static Expected<std::unique_ptr<AccessKeys>> Load(std::string path);

  // Costs a look at a number while nothing changes: each thread keeps hold of what it saw last. The reference is good
  // until the thread asks again.
  const AccessTable& Current() const;

 private:
  AccessKeys(std::string path, const FileStamp& seen, std::vector<AccessKey> keys);
  void Reload();
  void Use(std::vector<AccessKey> keys);

  const std::string path_;
  mutable Mutex mutex_;
  std::shared_ptr<const AccessTable> table_ GUARDED_BY(mutex_);
  std::atomic<uint64_t> version_{0};  // of table_; no two tables of the process have the same
  std::optional<FileWatch> watch_;    // last: it calls Reload
};

}  // namespace neso
