#include "folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "text.h"

namespace neso::signature {
namespace {

// Unpacked environments of Python have a hundred thousand files.
constexpr size_t kMaxEntries = 1'000'000;
// Each level holds a descriptor.
constexpr size_t kMaxDepth = 64;

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};
struct CloseDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

Status CannotRead(const std::string& path) {
  return Status::Unavailable("cannot read '", path, "': ", std::strerror(errno));
}

class Walk {
 public:
  explicit Walk(std::string root) : root_(std::move(root)) {}

  // `below` is empty, or the folder's path below the root, with a slash behind it.
  Status Visit(const std::string& below) {
    const std::string folder = root_ + "/" + below;
    const std::unique_ptr<DIR, CloseFolder> opened(opendir(folder.c_str()));
    struct stat about = {};
    if (opened == nullptr || fstat(dirfd(opened.get()), &about) != 0) return CannotRead(folder);
    const std::pair place(about.st_dev, about.st_ino);
    if (std::ranges::find(above_, place) != above_.end() || above_.size() >= kMaxDepth) {
      return Status::InvalidArg("'", folder, "': links lead in a circle, or more than ", kMaxDepth, " folders deep");
    }
    above_.push_back(place);
    errno = 0;
    while (const dirent* entry = readdir(opened.get())) {
      const std::string name = entry->d_name;
      if (name == "." || name == ".." || (below.empty() && name == kSignatureFile)) continue;
      NESO_RETURN_IF_ERROR(Add(below + name).Release());
      errno = 0;
    }
    if (errno != 0) return CannotRead(folder);
    above_.pop_back();
    return {};
  }

  Listing Take() { return std::move(listing_); }

 private:
  Status Add(const std::string& path) {
    struct stat about = {};
    const std::string full = root_ + "/" + path;
    if (stat(full.c_str(), &about) != 0) return CannotRead(full);
    if (listing_.size() >= kMaxEntries) {
      return Status::InvalidArg("'", root_, "' holds more than ", kMaxEntries, " files and folders");
    }
    if (S_ISREG(about.st_mode)) {
      listing_[path].bytes = static_cast<uint64_t>(about.st_size);
      return {};
    }
    if (!S_ISDIR(about.st_mode)) return Status::InvalidArg("'", full, "' is neither a file nor a folder");
    listing_[path].is_folder = true;
    return Visit(path + "/");
  }

  const std::string root_;
  std::vector<std::pair<dev_t, ino_t>> above_;  // the folders that lead here
  Listing listing_;
};

// A FIFO in a file's place is not waited for.
int OpenToRead(const std::string& path) { return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); }

// Opens a regular file. `opened` is what came of opening it.
Status CheckRegular(const Descriptor& opened, const std::string& path) {
  struct stat about = {};
  if (opened.fd() < 0 || fstat(opened.fd(), &about) != 0) return CannotRead(path);
  if (!S_ISREG(about.st_mode)) return Status::Unavailable("'", path, "' is not a regular file");
  return {};
}

Status WriteAll(int fd, std::span<const unsigned char> bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Status::Unavailable("cannot write '", path, "': ", std::strerror(errno));
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return {};
}

}  // namespace

Result<Listing> ListFolder(const std::string& folder) {
  Walk walk(folder);
  NESO_RETURN_IF_ERROR(walk.Visit("").Release());
  return walk.Take();
}

Result<std::string> DigestOf(const std::string& path, const std::string* copy) {
  const Descriptor from(OpenToRead(path));
  NESO_RETURN_IF_ERROR(CheckRegular(from, path).Release());
  const Descriptor to(copy == nullptr ? -1 : open(copy->c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (copy != nullptr && to.fd() < 0) return Status::Unavailable("cannot make '", *copy, "': ", std::strerror(errno));
  const std::unique_ptr<EVP_MD_CTX, CloseDigest> digest(EVP_MD_CTX_new());
  if (digest == nullptr || EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) != 1) {
    return Status::Unavailable("SHA-256 cannot be had of this machine's OpenSSL");
  }
  std::vector<unsigned char> block(size_t{1} << 18);
  while (true) {
    const ssize_t bytes = read(from.fd(), block.data(), block.size());
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) return CannotRead(path);
    if (bytes == 0) break;
    const std::span<const unsigned char> got(block.data(), static_cast<size_t>(bytes));
    EVP_DigestUpdate(digest.get(), got.data(), got.size());
    if (copy != nullptr) NESO_RETURN_IF_ERROR(WriteAll(to.fd(), got, *copy).Release());
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> result;
  unsigned size = 0;
  if (EVP_DigestFinal_ex(digest.get(), result.data(), &size) != 1) return Status::Internal("SHA-256 failed");
  return Hex(std::span(result).first(size));
}

Status WriteNewFile(const std::string& path, std::string_view contents, unsigned mode) {
  const Descriptor made(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (made.fd() < 0) return Status::Unavailable("cannot make '", path, "': ", std::strerror(errno));
  return WriteAll(made.fd(), {reinterpret_cast<const unsigned char*>(contents.data()), contents.size()}, path);
}

Status ReplaceFile(const std::string& path, std::string_view contents, unsigned mode) {
  const std::string draft = path + "." + std::to_string(getpid());
  Status status = WriteNewFile(draft, contents, mode);
  if (status.ok() && rename(draft.c_str(), path.c_str()) == 0) return {};
  if (status.ok()) status = Status::Unavailable("cannot make '", path, "': ", std::strerror(errno));
  unlink(draft.c_str());
  return status;
}

Result<std::string> ReadWholeFile(const std::string& path, size_t max_bytes) {
  const Descriptor from(OpenToRead(path));
  if (from.fd() < 0 && errno == ENOENT) return Status::NotFound("there is no '", path, "'");
  NESO_RETURN_IF_ERROR(CheckRegular(from, path).Release());
  std::string text;
  std::vector<char> block(size_t{1} << 16);
  while (true) {
    const ssize_t bytes = read(from.fd(), block.data(), block.size());
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) return CannotRead(path);
    if (bytes == 0) return text;
    if (text.size() + static_cast<size_t>(bytes) > max_bytes) {
      return Status::Unavailable("'", path, "' has more than ", max_bytes, " bytes");
    }
    text.append(block.data(), static_cast<size_t>(bytes));
  }
}

}  // namespace neso::signature
