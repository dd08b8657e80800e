// Files of models, read as a whole.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "neso/backend/status.h"

namespace neso::backend {

namespace internal {

class ReadDescriptor {
 public:
  // Without waiting: nobody may ever write to a FIFO.
  explicit ReadDescriptor(const std::string& path)
      : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~ReadDescriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  ReadDescriptor(const ReadDescriptor&) = delete;
  ReadDescriptor& operator=(const ReadDescriptor&) = delete;
  int get() const { return descriptor_; }

 private:
  const int descriptor_;
};

inline Status Unreadable(const std::string& path) {
  return Status::Unavailable("unable to read '", path,
                             "': ", std::error_code(errno, std::generic_category()).message());
}

}  // namespace internal

// What is there if the file is cut off meanwhile. Errors: UNAVAILABLE if there is no such file or it cannot be read, INVALID_ARG
// if it is no regular file.
inline Result<std::string> ReadWholeFile(const std::string& path) {
  const internal::ReadDescriptor file(path);
  struct stat status = {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) return internal::Unreadable(path);
  if (!S_ISREG(status.st_mode)) return Status::InvalidArg("unable to read '", path, "': it is no regular file");
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count = read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return internal::Unreadable(path);
    if (count == 0) break;
    filled += static_cast<size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace neso::backend
