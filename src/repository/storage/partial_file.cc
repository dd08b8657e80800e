#include "repository/storage/partial_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace neso {
namespace {

Status Failed(const std::string& path) { return Internal("failed to write file {}: {}", path, std::strerror(errno)); }

std::string MarksPath(const std::string& path) { return path + ".done"; }

bool IsNamed(int file, const std::string& path) {
  struct stat opened {};
  struct stat named {};
  return fstat(file, &opened) == 0 && lstat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

}  // namespace

Expected<std::unique_ptr<PartialFile>> PartialFile::Hold(const std::string& path, uint64_t size) {
  while (true) {
    OwnedDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0) return Failed(path);
    if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) return std::unique_ptr<PartialFile>();
    // Who held it until just now may have made a whole file of it, which is not to be written to.
    if (IsNamed(file.get(), path)) return Open(path, std::move(file), size);
  }
}

Expected<std::unique_ptr<PartialFile>> PartialFile::MakeOwn(const std::string& prefix, uint64_t size) {
  std::string path = prefix + ".XXXXXX";
  OwnedDescriptor file(mkostemp(path.data(), O_CLOEXEC));
  if (file.get() < 0) return Failed(path);
  ASSIGN_OR_RETURN(std::unique_ptr<PartialFile> partial, Open(path, std::move(file), size));
  partial->is_own_ = true;
  return partial;
}

Expected<std::unique_ptr<PartialFile>> PartialFile::Open(const std::string& path, OwnedDescriptor file, uint64_t size) {
  OwnedDescriptor marks(open(MarksPath(path).c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (marks.get() < 0 || ftruncate(file.get(), static_cast<off_t>(size)) != 0) return Failed(path);
  std::unique_ptr<PartialFile> partial(new PartialFile(path, std::move(file), std::move(marks)));
  partial->is_resumed_ = lseek(partial->marks_.get(), 0, SEEK_END) > 0;
  return partial;
}

PartialFile::~PartialFile() {
  if (is_own_) Remove();
}

bool PartialFile::IsDone(size_t chunk) const {
  char mark = 0;
  return pread(marks_.get(), &mark, 1, static_cast<off_t>(chunk)) == 1 && mark == 1;
}

Status PartialFile::Write(uint64_t offset, std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failed(path_);
    bytes.remove_prefix(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
  return {};
}

void PartialFile::MarkDone(size_t chunk) const {
  const char mark = 1;
  // A mark that is not written costs a chunk that comes twice.
  (void)!pwrite(marks_.get(), &mark, 1, static_cast<off_t>(chunk));
}

// The marks go first, here and below: who makes the next file of this name must not find those of this one.
Status PartialFile::MoveTo(const std::string& path) {
  unlink(MarksPath(path_).c_str());
  if (std::rename(path_.c_str(), path.c_str()) != 0) return Failed(path);
  is_named_ = false;
  return {};
}

void PartialFile::Remove() {
  if (!std::exchange(is_named_, false)) return;
  unlink(MarksPath(path_).c_str());
  unlink(path_.c_str());
}

}  // namespace neso
