// Tells a file from what stood at its place before.
//
//   if (FileStamp now(path); now != seen) { seen = now; Reload(); }
#pragma once

#include <sys/stat.h>

#include <string>

namespace neso {

// Links are followed, so another target is another file. All zero for nothing.
struct FileStamp {
  FileStamp() = default;
  explicit FileStamp(const std::string& path);
  bool operator==(const FileStamp& other) const;

  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  timespec written{};
  timespec changed{};
};

}  // namespace neso
