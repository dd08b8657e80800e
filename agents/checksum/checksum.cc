// The repository agent `checksum`: a model is loaded only if its files have the digests that its configuration names.
//
//   model_repository_agents { agents [ { name: "checksum"
//     parameters { key: "MD5:1/model.onnx" value: "6a3e7a2bb6b4e6d1a1e8a5d0a3a1a2b3" } } ] }
//
// It finds damage, not attacks: MD5 is no defence, and who can write the files can write the configuration.
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "neso/agent/agent.h"

namespace neso::checksum {
namespace {

using agent::Result;
using agent::Status;

struct CloseDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

class OpenFile {
 public:
  // Never waits for the writer of a FIFO.
  explicit OpenFile(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd() const { return fd_; }

  // 0, or the reason why it cannot be read.
  int Error() const {
    struct stat about = {};
    if (fd_ < 0 || fstat(fd_, &about) != 0) return errno;
    if (S_ISDIR(about.st_mode)) return EISDIR;
    return S_ISREG(about.st_mode) ? 0 : EINVAL;
  }

 private:
  const int fd_;
};

Status CannotRead(const std::string& file, int error) {
  return Status::InvalidArg("failed to open text file for read ", file, ": ", std::strerror(error));
}

Result<std::string> Md5Of(const std::string& path, const std::string& file) {
  const OpenFile opened(path);
  if (const int error = opened.Error(); error != 0) return CannotRead(file, error);
  const std::unique_ptr<EVP_MD_CTX, CloseDigest> digest(EVP_MD_CTX_new());
  if (digest == nullptr || EVP_DigestInit_ex(digest.get(), EVP_md5(), nullptr) != 1) {
    return Status::Unavailable("MD5 cannot be had of this machine's OpenSSL");
  }
  std::vector<unsigned char> block(size_t{1} << 18);
  while (true) {
    const ssize_t read_bytes = read(opened.fd(), block.data(), block.size());
    if (read_bytes < 0 && errno == EINTR) continue;
    if (read_bytes < 0) return CannotRead(file, errno);
    if (read_bytes == 0) break;
    EVP_DigestUpdate(digest.get(), block.data(), static_cast<size_t>(read_bytes));
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
  unsigned size = 0;
  EVP_DigestFinal_ex(digest.get(), bytes.data(), &size);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

// `key` is "MD5:<path below the model's folder>".
Status Check(const std::string& folder, const std::string& key, const std::string& expected) {
  const size_t colon = key.find(':');
  if (colon == std::string::npos) return Status::InvalidArg("failed to parse key: ", key);
  const std::string algorithm = key.substr(0, colon);
  std::string lower = algorithm;
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  if (lower != "md5") return Status::Unsupported("Unsupported checksum algorithm: ", algorithm);
  const std::string file = key.substr(colon + 1);
  NESO_ASSIGN_OR_RETURN(const std::string found, Md5Of(folder + "/" + file, file));
  if (found == expected) return {};
  return Status::InvalidArg("Mismatched MD5 hash for file ", file, ", expect: ", expected, ", got: ", found);
}

class Checksum final : public agent::ModelAgent {
 public:
  Status Load(agent::Model& model) override {
    NESO_ASSIGN_OR_RETURN(const std::string folder, model.Folder());
    NESO_ASSIGN_OR_RETURN(const agent::Model::Parameters parameters, model.AllParameters());
    for (const auto& [key, expected] : parameters) NESO_RETURN_IF_ERROR(Check(folder, key, expected).Release());
    return {};
  }
};

}  // namespace
}  // namespace neso::checksum

NESO_REPOSITORY_AGENT(neso::checksum::Checksum)
