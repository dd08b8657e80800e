#include "files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <system_error>

namespace neso::tensorflow {
namespace {

using backend::Result;
using backend::Status;

class Descriptor {
 public:
  // Without waiting: nobody may ever write to a FIFO.
  explicit Descriptor(const std::string& path) : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~Descriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return descriptor_; }

 private:
  const int descriptor_;
};

Status Unreadable(const std::string& path) {
  return Status::Unavailable("unable to read '", path,
                             "': ", std::error_code(errno, std::generic_category()).message());
}

}  // namespace

Result<std::string> ReadWholeFile(const std::string& path) {
  const Descriptor file(path);
  struct stat status = {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) return Unreadable(path);
  if (!S_ISREG(status.st_mode)) return Status::InvalidArg("unable to read '", path, "': it is no regular file");
  if (status.st_size > std::numeric_limits<int32_t>::max()) {
    return Status::InvalidArg("unable to read '", path, "': expected at most 2 GiB, got ", status.st_size, " bytes");
  }
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count = read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Unreadable(path);
    if (count == 0) break;  // it was cut off meanwhile
    filled += static_cast<size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace neso::tensorflow
