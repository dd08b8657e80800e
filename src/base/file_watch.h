// Tells when what a path names has changed: written, replaced by rename, or reached through a link that points elsewhere
// now, as Kubernetes updates mounted secrets.
//
//   const FileStamp seen("/etc/neso/keys.json");        // before it is read
//   ... read it ...
//   FileWatch watch("/etc/neso/keys.json", seen, [this] { Reload(); });
//
// A thread waits for the system's word (inotify) on the folders of the path and of every link on the way. File systems
// that give none (NFS), and links among the folders themselves, are looked at every kLookEvery.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "base/file_stamp.h"

namespace neso {

class FileWatch {
 public:
  static constexpr std::chrono::milliseconds kLookEvery{10'000};

  // `changed` runs on the watch's thread, once the file is another than `seen`, or than the last time, and has stood
  // still for a moment; also when it is gone. Throws std::system_error when the thread cannot be started.
  FileWatch(std::string path, const FileStamp& seen, std::function<void()> changed);
  // `changed` is not running any more when it returns.
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

 private:
  void ThreadMain();
  void Look();
  // Watches the folders that the path leads through now.
  void WatchFolders();
  // False when the watch shall end. True: something may have happened, and has been taken note of.
  bool Wait(std::chrono::milliseconds timeout, bool* happened);
  void DropEvents();

  const std::string path_;
  const std::function<void()> changed_;
  const int inotify_fd_;  // -1: the system gives none
  const int stop_fd_;
  FileStamp seen_;
  std::thread thread_;
};

}  // namespace neso
