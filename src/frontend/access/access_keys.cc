#include "frontend/access/access_keys.h"

#include <utility>

#include "base/log.h"
#include "base/read_file.h"
#include "frontend/access/access_file.h"

namespace neso {
namespace {

Expected<std::vector<AccessKey>> ReadKeys(const std::string& path) {
  const Expected<std::string> text = ReadFile(path, kMaxAccessFileBytes);
  if (!text) return InvalidArg("{}", text.error().message());
  Expected<std::vector<AccessKey>> keys = ParseAccessFile(*text);
  if (!keys) return InvalidArg("{}: {}", path, keys.error().message());
  return keys;
}

}  // namespace

AccessTable::AccessTable(std::vector<AccessKey> keys, uint64_t version, const AccessTable* before) : version_(version) {
  for (AccessKey& key : keys) {
    const Entry* const old = before != nullptr ? before->Find(key.id) : nullptr;
    std::shared_ptr<AccessUse> use = old != nullptr ? old->use : std::make_shared<AccessUse>();
    std::string id = key.id;
    entries_.emplace(std::move(id), Entry{.key = std::move(key), .use = std::move(use)});
  }
}

Expected<std::unique_ptr<AccessKeys>> AccessKeys::Load(std::string path) {
  const FileStamp seen(path);
  ASSIGN_OR_RETURN(std::vector<AccessKey> keys, ReadKeys(path));
  return std::unique_ptr<AccessKeys>(new AccessKeys(std::move(path), seen, std::move(keys)));
}

AccessKeys::AccessKeys(std::string path, const FileStamp& seen, std::vector<AccessKey> keys) : path_(std::move(path)) {
  Use(std::move(keys));
  watch_.emplace(path_, seen, [this] { Reload(); });
}

void AccessKeys::Use(std::vector<AccessKey> keys) {
  static std::atomic<uint64_t> last_version{0};
  const uint64_t version = last_version.fetch_add(1, std::memory_order_relaxed) + 1;
  MutexLock lock(mutex_);
  table_ = std::make_shared<const AccessTable>(std::move(keys), version, table_.get());
  version_.store(version, std::memory_order_release);
}

const AccessTable& AccessKeys::Current() const {
  thread_local std::shared_ptr<const AccessTable> seen;
  if (seen == nullptr || seen->version() != version_.load(std::memory_order_acquire)) [[unlikely]] {
    std::shared_ptr<const AccessTable> before;  // is let go without the lock
    const MutexLock lock(mutex_);
    before = std::exchange(seen, table_);
  }
  return *seen;
}

void AccessKeys::Reload() {
  Expected<std::vector<AccessKey>> keys = ReadKeys(path_);
  if (!keys) {
    LOG_ERROR("access keys: the changed file cannot be used, the keys before stay: {}", keys.error().message());
    return;
  }
  const size_t count = keys->size();
  Use(*std::move(keys));
  LOG_INFO("access keys: {} keys of '{}' are in force", count, path_);
}

}  // namespace neso
