// The sessions that run in this process: whoever asks for the same model again gets the one that is there, so that its weights
// are in memory once, whatever number of instances, signatures or models of the repository use it.
//
//   NESO_ASSIGN_OR_RETURN(SessionPtr session, SharedSessions::OfProcess().Get(key, std::nullopt, [&] { return Load(); }));
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "session.h"

namespace neso::tensorflow {

using SessionPtr = std::shared_ptr<Session>;

// Thread-safe. A session ends when its last user lets go of it.
class SharedSessions {
 public:
  static SharedSessions& OfProcess();

  // The session of `key` that has fewer than `most` users, or what `make` gives. One at a time makes a session of a key, the
  // others wait for it: it is theirs, too.
  using Make = std::function<Result<SessionPtr>()>;
  Result<SessionPtr> Get(const std::string& key, std::optional<int64_t> most, const Make& make);

 private:
  class Turn;
  SessionPtr Find(const std::string& key, std::optional<int64_t> most);

  std::mutex mutex_;  // guards what follows; not held while a session is made, which takes seconds
  std::condition_variable turn_ended_;
  std::set<std::string> in_making_;
  std::vector<std::pair<std::string, std::weak_ptr<Session>>> sessions_;
};

// What makes the SavedModel or GraphDef at `path` this one and no other: its real path, and size, time and number of each file.
// Errors: UNAVAILABLE if it cannot be read.
Result<std::string> IdentityOf(const std::string& path);

}  // namespace neso::tensorflow
