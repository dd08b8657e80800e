#include "shared_sessions.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "neso/backend/text.h"

namespace neso::tensorflow {
namespace {

namespace fs = std::filesystem;

// A model has a handful; a folder of something else is not walked through.
constexpr size_t kMaxFiles = 100'000;

std::string IdentityOfFile(const fs::path& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return "gone";
  return backend::Concat(status.st_dev, ' ', status.st_ino, ' ', status.st_size, ' ', status.st_mtim.tv_sec, '.',
                         status.st_mtim.tv_nsec);
}

}  // namespace

// Whose turn it is to make the session of a key.
class SharedSessions::Turn {
 public:
  // Under the lock; waits for the turn.
  Turn(SharedSessions& sessions, const std::string& key, std::unique_lock<std::mutex>& lock)
      : sessions_(sessions), key_(key) {
    sessions_.turn_ended_.wait(lock, [&] { return !sessions_.in_making_.contains(key_); });
    sessions_.in_making_.insert(key_);
  }
  ~Turn() {
    const std::lock_guard lock(sessions_.mutex_);
    sessions_.in_making_.erase(key_);
    sessions_.turn_ended_.notify_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  SharedSessions& sessions_;
  const std::string& key_;
};

SharedSessions& SharedSessions::OfProcess() {
  static SharedSessions* const sessions =
      new SharedSessions;  // never destroyed: TensorFlow's threads may outlive main()
  return *sessions;
}

Result<SessionPtr> SharedSessions::Get(const std::string& key, std::optional<int64_t> most, const Make& make) {
  std::unique_lock lock(mutex_);
  const Turn turn(*this, key, lock);
  if (SessionPtr session = Find(key, most)) {
    lock.unlock();
    return session;
  }
  lock.unlock();
  Result<SessionPtr> made = make();
  if (!made) return made;
  lock.lock();
  sessions_.emplace_back(key, *made);
  lock.unlock();
  return made;
}

SessionPtr SharedSessions::Find(const std::string& key, std::optional<int64_t> most) {
  std::erase_if(sessions_, [](const auto& entry) { return entry.second.expired(); });
  for (const auto& [other, session] : sessions_) {
    if (other != key || (most && session.use_count() >= *most)) continue;
    if (SessionPtr alive = session.lock()) return alive;
  }
  return nullptr;
}

Result<std::string> IdentityOf(const std::string& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) return Status::Unavailable("unable to read '", path, "': ", error.message());
  std::vector<std::string> files;
  if (fs::is_directory(real, error)) {
    for (fs::recursive_directory_iterator at(real, error), end; !error && at != end; at.increment(error)) {
      if (files.size() == kMaxFiles) return Status::Unavailable("unable to read '", path, "': it has too many files");
      files.push_back(at->path().lexically_relative(real).string() + ' ' + IdentityOfFile(at->path()));
    }
    if (error) return Status::Unavailable("unable to read '", path, "': ", error.message());
  } else {
    files.push_back(IdentityOfFile(real));
  }
  std::ranges::sort(files);
  std::string identity = real.string();
  for (const std::string& file : files) identity += '\n' + file;
  return identity;
}

}  // namespace neso::tensorflow
