#include "repository/storage/partial_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace neso {

Expected<std::unique_ptr<PartialFile>> PartialFile::Open(const std::string& path, uint64_t size) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  const int marks = open((path + ".done").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  std::unique_ptr<PartialFile> partial(new PartialFile(path, file, marks));
  if (file < 0 || marks < 0 || ftruncate(file, static_cast<off_t>(size)) != 0) {
    return Internal("failed to write file {}: {}", path, std::strerror(errno));
  }
  partial->is_resumed_ = lseek(marks, 0, SEEK_END) > 0;
  return partial;
}

PartialFile::~PartialFile() {
  if (file_ >= 0) close(file_);
  if (marks_ >= 0) close(marks_);
}

bool PartialFile::IsDone(size_t chunk) const {
  char mark = 0;
  return pread(marks_, &mark, 1, static_cast<off_t>(chunk)) == 1 && mark == 1;
}

Status PartialFile::Write(uint64_t offset, std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Internal("failed to write file {}: {}", path_, std::strerror(errno));
    bytes.remove_prefix(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
  return {};
}

void PartialFile::MarkDone(size_t chunk) const {
  const char mark = 1;
  // A mark that is not written costs a chunk that comes twice.
  (void)!pwrite(marks_, &mark, 1, static_cast<off_t>(chunk));
}

void PartialFile::Remove(const std::string& path) {
  unlink(path.c_str());
  unlink((path + ".done").c_str());
}

}  // namespace neso
