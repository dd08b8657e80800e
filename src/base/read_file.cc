#include "base/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/owned_descriptor.h"

namespace neso {
namespace {

Status CannotOpen(const std::string& path, std::string_view reason) {
  return Internal("failed to open text file for read {}: {}", path, reason);
}

Status CheckKindAndSize(const std::string& path, const struct stat& status, size_t max_bytes) {
  if (!S_ISREG(status.st_mode)) {
    return CannotOpen(path, fmt::format("expected a regular file, got {}", FileKindName(status.st_mode)));
  }
  if (static_cast<uint64_t>(status.st_size) > max_bytes) {
    return CannotOpen(path, fmt::format("expected at most {} bytes, got {}", max_bytes, status.st_size));
  }
  return {};
}

// `expected_bytes` is a guess: files of /proc say 0, and others may grow.
Expected<std::string> ReadToEnd(int fd, const std::string& path, size_t expected_bytes, size_t max_bytes) {
  constexpr size_t kChunk = 65536;
  std::string text;
  size_t size = 0;
  text.resize(std::min(expected_bytes + 1, max_bytes + 1));
  while (true) {
    const ssize_t got = read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Internal("failed to read text file {}: {}", path, std::strerror(errno));
    if (got == 0) break;
    size += static_cast<size_t>(got);
    if (size > max_bytes) return Internal("failed to read text file {}: expected at most {} bytes", path, max_bytes);
    if (size == text.size()) text.resize(std::min(size + std::max(size, kChunk), max_bytes + 1));
  }
  text.resize(size);
  return text;
}

}  // namespace

const char* FileKindName(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return "a regular file";
    case S_IFDIR: return "a folder";
    case S_IFIFO: return "a FIFO";
    case S_IFSOCK: return "a socket";
    default: return "a device";
  }
}

Expected<std::optional<std::string>> ReadFileIfThere(const std::string& path, size_t max_bytes) {
  // Looked at before it is opened: opening alone can do something to a device.
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
    return CannotOpen(path, std::strerror(errno));
  }
  RETURN_IF_ERROR(CheckKindAndSize(path, status, max_bytes));
  // And once more, in case it was exchanged in between.
  const OwnedDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0 || fstat(file.get(), &status) != 0) return CannotOpen(path, std::strerror(errno));
  RETURN_IF_ERROR(CheckKindAndSize(path, status, max_bytes));
  ASSIGN_OR_RETURN(std::string text, ReadToEnd(file.get(), path, static_cast<size_t>(status.st_size), max_bytes));
  return std::optional<std::string>(std::move(text));
}

Expected<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  ASSIGN_OR_RETURN(std::optional<std::string> text, ReadFileIfThere(path, max_bytes));
  if (!text) return CannotOpen(path, std::strerror(ENOENT));
  return *std::move(text);
}

}  // namespace neso
