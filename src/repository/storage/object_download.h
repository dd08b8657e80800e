// Brings the objects of one model's folder to a folder of this machine: several at a time, large ones in chunks.
//
//   ObjectDownload download(stores, files, executor, "s3://bucket/models/digits", copy_path);
//   ASSIGN_OR_RETURN(const bool is_whole, download.Run(objects));
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <span>
#include <string>

#include "base/executor.h"
#include "base/mutex.h"
#include "base/status.h"
#include "repository/storage/object_files.h"
#include "repository/storage/object_stores.h"
#include "repository/storage/partial_file.h"

namespace neso {

// Used once, by one thread; what works for it ends before Run does.
class ObjectDownload final {
 public:
  // All of these outlive it.
  ObjectDownload(ObjectStores& stores, ObjectStoreHost& host, ObjectFiles& files, Executor& executor,
                 size_t connections, std::string store_folder, std::string target)
      : stores_(stores),
        host_(host),
        files_(files),
        executor_(executor),
        connections_(connections),
        store_folder_(std::move(store_folder)),
        target_(std::move(target)) {}

  // False: an object has changed meanwhile, or did not come as its store has it. The store is to be asked again, then.
  // Errors: those of the store and of the disk.
  Expected<bool> Run(std::span<const ObjectInfo> objects);

 private:
  // An object that is not here yet.
  struct File {
    ObjectInfo object;
    std::string id;
    std::atomic<size_t> chunks_left;
    Mutex mutex;
    std::unique_ptr<PartialFile> partial GUARDED_BY(mutex);
    ObjectDigests digests GUARDED_BY(mutex);
  };
  struct Chunk {
    File* file;
    size_t index;
  };

  // Makes folders, and links what is here already.
  Status Prepare(std::span<const ObjectInfo> objects);
  Status CheckRoom() const;
  // Works off chunks until there are none, or something has failed.
  void Work();
  Status Fetch(const Chunk& chunk);
  Status Finish(File& file);
  void Fail(Status status);
  void TellProgress();

  ObjectStores& stores_;
  ObjectStoreHost& host_;
  ObjectFiles& files_;
  Executor& executor_;
  const size_t connections_;
  const std::string store_folder_;
  const std::string target_;

  std::deque<File> missing_;
  std::vector<Chunk> chunks_;
  std::atomic<size_t> next_chunk_{0};
  std::atomic<bool> has_ended_early_{false};
  std::atomic<bool> has_changed_{false};
  uint64_t bytes_missing_ = 0;
  std::atomic<uint64_t> bytes_done_{0};
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  Mutex mutex_;
  Status failure_ GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point told_ GUARDED_BY(mutex_) = start_;
};

// "1.5 GB", for people.
std::string BytesText(uint64_t bytes);

}  // namespace neso
