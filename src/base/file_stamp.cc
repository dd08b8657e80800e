#include "base/file_stamp.h"

namespace neso {

FileStamp::FileStamp(const std::string& path) {
  struct stat info {};
  if (path.empty() || stat(path.c_str(), &info) != 0) return;
  device = info.st_dev;
  inode = info.st_ino;
  size = info.st_size;
  written = info.st_mtim;
  changed = info.st_ctim;
}

bool FileStamp::operator==(const FileStamp& other) const {
  const auto same = [](const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; };
  return device == other.device && inode == other.inode && size == other.size && same(written, other.written) &&
         same(changed, other.changed);
}

}  // namespace neso
