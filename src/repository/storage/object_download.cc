#include "repository/storage/object_download.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/catch_exceptions.h"
#include "base/log.h"
#include "repository/latch.h"

namespace neso {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kTellEvery{10};

}  // namespace

std::string BytesText(uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"bytes", "kB", "MB", "GB", "TB"};
  auto amount = static_cast<double>(bytes);
  size_t unit = 0;
  for (; amount >= 1000 && unit + 1 < kUnits.size(); ++unit) amount /= 1000;
  return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

Expected<bool> ObjectDownload::Run(std::span<const ObjectInfo> objects) {
  RETURN_IF_ERROR(Prepare(objects));
  if (chunks_.empty()) return true;
  RETURN_IF_ERROR(CheckRoom());
  LOG_INFO("{}: downloading {} of {} files, {}", store_folder_, missing_.size(), objects.size(),
           BytesText(bytes_missing_));
  host_.counters.bytes_pending += bytes_missing_;
  const size_t helpers = std::min(connections_, chunks_.size()) - 1;
  Latch ended(helpers + 1);
  for (size_t i = 0; i < helpers; ++i) {
    const bool is_posted = executor_.Post([this, &ended] {
      Work();
      ended.CountDown();
    });
    if (!is_posted) ended.CountDown();
  }
  Work();
  ended.CountDown();
  ended.Wait();
  host_.counters.bytes_pending -= bytes_missing_;
  MutexLock lock(mutex_);
  if (!failure_.ok()) return failure_;
  if (has_changed_) return false;
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start_;
  LOG_INFO("{}: downloaded {} in {:.1f} s", store_folder_, BytesText(bytes_missing_), seconds.count());
  return true;
}

Status ObjectDownload::Prepare(std::span<const ObjectInfo> objects) {
  bool has_looked_again = false;
  const auto is_here = [&](const std::string& id, const ObjectInfo& object, const std::string& place) {
    if (files_.Link(id, object.size, place)) return true;
    // Perhaps another server has brought it since.
    if (std::exchange(has_looked_again, true)) return false;
    files_.LookAgain();
    return files_.Link(id, object.size, place);
  };
  for (const ObjectInfo& object : objects) {
    const fs::path place = fs::path(target_) / object.name;
    const bool is_folder = object.name.ends_with('/');
    std::error_code error;
    fs::create_directories(is_folder ? place : place.parent_path(), error);
    if (error) return Internal("failed to create directory {}: {}", place.string(), error.message());
    if (is_folder) continue;
    std::string id = ObjectFiles::IdOf(store_folder_, object);
    if (is_here(id, object, place.string())) continue;
    File& file = missing_.emplace_back();
    file.object = object;
    file.id = std::move(id);
    bytes_missing_ += object.size;
    // An empty object has one empty chunk, so that somebody makes its file.
    const size_t count = std::max<size_t>(1, PartialFile::ChunkCount(object.size));
    file.chunks_left = count;
    for (size_t i = 0; i < count; ++i) chunks_.push_back({&file, i});
  }
  return {};
}

Status ObjectDownload::CheckRoom() const {
  struct statvfs disk;
  if (statvfs(target_.c_str(), &disk) != 0) return {};  // the disk says it itself, then
  const uint64_t room = static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize;
  if (room >= bytes_missing_) return {};
  return Internal("{}: expected room for {} in {}, got {}; name another folder by --object-cache-directory or TMPDIR",
                  store_folder_, BytesText(bytes_missing_), target_, BytesText(room));
}

void ObjectDownload::Work() {
  while (!has_ended_early_ && !has_changed_) {
    const size_t index = next_chunk_.fetch_add(1);
    if (index >= chunks_.size()) return;
    Status fetched = CatchExceptions([&] { return Fetch(chunks_[index]); });
    if (!fetched.ok()) return Fail(std::move(fetched));
    TellProgress();
  }
}

Status ObjectDownload::Fetch(const Chunk& chunk) {
  File& file = *chunk.file;
  PartialFile* partial = nullptr;
  {
    MutexLock lock(file.mutex);
    if (file.partial == nullptr) {
      ASSIGN_OR_RETURN(file.partial, files_.OpenPart(file.id, file.object.size));
    }
    partial = file.partial.get();
  }
  const uint64_t offset = chunk.index * PartialFile::kChunkBytes;
  const uint64_t length = std::min(PartialFile::kChunkBytes, file.object.size - offset);
  // The digests come with a chunk, so the last one is asked for in any case.
  const bool is_last = file.chunks_left == 1;
  if (!partial->IsDone(chunk.index) || is_last) {
    uint64_t at = offset;
    const auto write = [&](std::string_view bytes) {
      RETURN_IF_ERROR(partial->Write(at, bytes));
      at += bytes.size();
      return Status();
    };
    ASSIGN_OR_RETURN(const ReadResult read, stores_.Read(store_folder_, file.object, offset, length, write));
    if (read.has_changed) {
      LOG_INFO("{}/{} changed while it was downloaded", store_folder_, file.object.name);
      has_changed_ = true;
      MutexLock lock(file.mutex);
      file.partial->Remove();
      return {};
    }
    partial->MarkDone(chunk.index);
    MutexLock lock(file.mutex);
    file.digests = read.digests;
  }
  bytes_done_ += length;
  if (file.chunks_left.fetch_sub(1) == 1) return Finish(file);
  return {};
}

Status ObjectDownload::Finish(File& file) {
  MutexLock lock(file.mutex);
  const std::unique_ptr<PartialFile> partial = std::move(file.partial);
  const bool can_be_checked = !file.digests.md5.empty() || file.digests.crc32c;
  Status checked = stores_.CheckFile(partial->path(), file.digests);
  // What a run before this one wrote may have been lost with the machine's power.
  if (partial->is_resumed() && !can_be_checked) checked = Internal("what was here of it cannot be checked");
  if (!checked.ok()) {
    LOG_WARNING("{}/{} is to be downloaded anew: {}", store_folder_, file.object.name, checked.message());
    has_changed_ = true;
    partial->Remove();
    return {};
  }
  return files_.Keep(file.id, *partial, (fs::path(target_) / file.object.name).string());
}

void ObjectDownload::Fail(Status status) {
  has_ended_early_ = true;
  MutexLock lock(mutex_);
  if (failure_.ok()) failure_ = std::move(status);
}

void ObjectDownload::TellProgress() {
  const auto now = std::chrono::steady_clock::now();
  {
    MutexLock lock(mutex_);
    if (now - told_ < kTellEvery) return;
    told_ = now;
  }
  const std::chrono::duration<double> seconds = now - start_;
  const uint64_t done = bytes_done_;
  LOG_INFO("{}: {} of {} are here after {:.0f} s, {}/s", store_folder_, BytesText(done), BytesText(bytes_missing_),
           seconds.count(), BytesText(static_cast<uint64_t>(static_cast<double>(done) / seconds.count())));
}

}  // namespace neso
